import type { ResultWriter } from './definition.ts';
import { describeChild } from './describe.ts';
import type { MapChild, MapRun } from './map-run.ts';
import { evaluate, unexpected, type Step } from './step.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './values.ts';

const groups = ['SUCCEEDED', 'FAILED', 'PENDING'] as const;

/**
 * Writes what became of each child to S3 and gives `{ MapRunArn, ResultWriterDetails }`.
 * Files and fields: https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
 *
 * @throws StatesError `States.ResultWriterFailed`
 */
export async function writeResults(step: Step, writer: ResultWriter, mapRun: MapRun): Promise<JsonValue> {
  const given = await evaluate(step, writer.Arguments, 'ResultWriter/Arguments');
  const { Bucket, Prefix = '' } = isJsonObject(given) ? given : {};
  if (typeof Bucket !== 'string' || typeof Prefix !== 'string') {
    throw unexpected(writer.Arguments, 'ResultWriter/Arguments', 'an object with Bucket and Prefix', given);
  }
  const id = mapRun.arn.slice(mapRun.arn.lastIndexOf(':') + 1);
  const folder = Prefix === '' || Prefix.endsWith('/') ? `${Prefix}${id}` : `${Prefix}/${id}`;
  const files: JsonObject = {};
  for (const group of groups) {
    const children = mapRun.children.filter((child) => groupOf(child) === group);
    files[group] =
      children.length === 0
        ? []
        : [
            await write(
              step,
              Bucket,
              `${folder}/${group}_0.json`,
              children.map((child) => describeChild(child)),
            ),
          ];
  }
  const Key = `${folder}/manifest.json`;
  await write(step, Bucket, Key, { DestinationBucket: Bucket, MapRunArn: mapRun.arn, ResultFiles: files });
  return { MapRunArn: mapRun.arn, ResultWriterDetails: { Bucket, Key } };
}

function groupOf({ execution }: MapChild): (typeof groups)[number] {
  if (!execution) return 'PENDING';
  return execution.status === 'SUCCEEDED' ? 'SUCCEEDED' : 'FAILED';
}

async function write(step: Step, Bucket: string, Key: string, content: JsonValue): Promise<JsonObject> {
  const { execution, name, world } = step;
  const Body = Buffer.from(JSON.stringify(content));
  await step.cancellation.orCancelled(world.outside.putObject({ execution, state: name, input: { Bucket, Key, Body } }));
  return { Key, Size: Body.byteLength };
}
