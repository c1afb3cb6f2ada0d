/**
 * Entities of exposures: what is open, each advisory's course over the fleet, exceptions, what people have announced, and counts over
 * time.
 */
import { Entity } from 'electrodb';
import { index, model } from './entity-parts.ts';
import type { Options } from './entity-parts.ts';

/** All of them; each is made when it is first used. */
export function exposureEntities(options: Options) {
  return { ...openEntities(options), ...wordEntities(options) };
}

function openEntities(options: Options) {
  return {
    /** Open exposures of one fingerprint, a part of them; removed when the last is closed. Spread by the first characters of the fingerprint. */
    exposure: () =>
      new Entity(
        {
          model: model('exposure'),
          attributes: {
            shard: { type: 'string', required: true },
            fingerprint: { type: 'string', required: true },
            part: { type: 'string', required: true },
            /** Of the write that made it: only as it was read may it be changed or removed. */
            mark: { type: 'string', required: true },
            /** A list of `KeptExposure` (core/exposures/types.ts) as gzipped JSON. */
            rows: { type: 'any', required: true },
          },
          indexes: index(['shard'], ['fingerprint', 'part']),
        } as const,
        options,
      ),
    /** An advisory's way over the fleet, kept when it is closed: what a timeline is made of. */
    course: () =>
      new Entity(
        {
          model: model('course'),
          attributes: {
            list: { type: 'string', default: 'all' },
            source: { type: 'string', required: true },
            advisory: { type: 'string', required: true },
            /** `Course` of core/exposures/courses.ts. */
            document: { type: 'any', required: true },
          },
          indexes: index(['list'], ['source', 'advisory']),
        } as const,
        options,
      ),
    /** Counts of one reconciliation, for lines over time. */
    tally: () =>
      new Entity(
        {
          model: model('tally'),
          attributes: {
            list: { type: 'string', default: 'all' },
            at: { type: 'string', required: true },
            counts: { type: 'any', required: true },
            /** Epoch seconds: DynamoDB removes it then. */
            expires: { type: 'number', required: true },
          },
          indexes: index(['list'], ['at']),
        } as const,
        options,
      ),
  };
}

function wordEntities(options: Options) {
  return {
    /** What CISA and EPSS said when an exception of the policy file was first applied. */
    exception: () =>
      new Entity(
        {
          model: model('exception'),
          attributes: {
            list: { type: 'string', default: 'all' },
            id: { type: 'string', required: true },
            document: { type: 'any', required: true },
          },
          indexes: index(['list'], ['id']),
        } as const,
        options,
      ),
    /** An advisory that a person has written, for the hours before any vendor has. */
    ownAdvisory: () =>
      new Entity(
        {
          model: model('ownAdvisory'),
          attributes: {
            list: { type: 'string', default: 'all' },
            id: { type: 'string', required: true },
            document: { type: 'any', required: true },
            who: { type: 'string', required: true },
            why: { type: 'string', required: true },
          },
          indexes: index(['list'], ['id']),
        } as const,
        options,
      ),
  };
}
