/** The small words of `fleet.yaml`. */
import { z } from 'zod';

const LOCATION = 'expected an account and a Region such as 111111111111/eu-central-1';
export const LocationText = z.string({ error: LOCATION }).regex(/^\d{12}\/[a-z]{2}(-[a-z]+)+-\d$/, LOCATION);

const QUOTES = 'expected a text; write versions and numbers in quotes';
export const Text = z.string({ error: QUOTES });
export const Tags = z.record(z.string().min(1).max(128), Text.max(256));

const AGE = 'expected never, or an ISO 8601 duration such as P40D';
/** How long ago something was done. */
export const Age = z.string({ error: AGE }).regex(/^(never|P(?=.)(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?)$/, AGE);
