import { isObject, type Json } from '../json.ts';
import {
  amount,
  amountOrExpression,
  anything,
  assign,
  checkFields,
  listOf,
  oneOf,
  refuse,
  secondsField,
  template,
  text,
  textTemplate,
  truth,
  type Checker,
  type Rule,
} from './check-fields.ts';
import { isExpression } from './expressions.ts';
import { DISTRIBUTED_CONCURRENCY, MOST_SECONDS, PAYLOAD_LIMIT } from './limits.ts';
import { optimizedArguments, taskResource } from './resources.ts';

/** How long a retrier may wait at most: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html */
const LONGEST_RETRY_DELAY = 31_622_400;
const LONGEST_LABEL = 40;

const before = template('input', 'context');
const queryLanguage = oneOf('JSONata');

const common: Record<string, Rule> = { Type: text, Comment: text, QueryLanguage: queryLanguage };
const continues: Record<string, Rule> = { Next: text, End: truth };
/** Pass, Choice and Wait have no result. */
const shaping: Record<string, Rule> = { Output: before, Assign: assign('input', 'context') };
const resultShaping: Record<string, Rule> = {
  Output: template('input', 'context', 'result'),
  Assign: assign('input', 'context', 'result'),
};

const retrier: Rule = (checker, value, at) => {
  checkFields(
    checker,
    value,
    {
      ErrorEquals: listOf(text),
      IntervalSeconds: amount(0, MOST_SECONDS),
      MaxAttempts: amount(0, MOST_SECONDS),
      BackoffRate: amount(1, MOST_SECONDS, { fraction: true }),
      MaxDelaySeconds: amount(1, LONGEST_RETRY_DELAY - 1),
      JitterStrategy: oneOf('FULL', 'NONE'),
      Comment: text,
    },
    { at, required: ['ErrorEquals'] },
  );
  if (!isObject(value) || value['MaxDelaySeconds'] === undefined) return;
  const interval = Number(value['IntervalSeconds'] ?? 1);
  if (Number(value['MaxDelaySeconds']) <= interval) refuse(checker, 'MaxDelaySeconds must be greater than IntervalSeconds', at);
};

const catcher: Rule = (checker, value, at) => {
  checkFields(
    checker,
    value,
    {
      ErrorEquals: listOf(text),
      Next: text,
      Output: template('input', 'context', 'errorOutput'),
      Assign: assign('input', 'context', 'errorOutput'),
      Comment: text,
    },
    { at, required: ['ErrorEquals', 'Next'] },
  );
};

/** `States.ALL` stands alone, in the last entry: https://states-language.net/spec.html#retrying-after-error */
function wildcardLast(rule: Rule): Rule {
  return (checker, value, at) => {
    listOf(rule)(checker, value, at);
    if (!Array.isArray(value)) return;
    for (const [index, entry] of value.entries()) {
      const names: unknown = isObject(entry) ? entry['ErrorEquals'] : undefined;
      if (!Array.isArray(names) || !names.includes('States.ALL')) continue;
      if (names.length > 1) refuse(checker, 'States.ALL must appear alone', `${at}[${index}]`);
      if (index < value.length - 1) refuse(checker, 'States.ALL must appear in the last entry', `${at}[${index}]`);
    }
  };
}

const handles: Record<string, Rule> = { Retry: wildcardLast(retrier), Catch: wildcardLast(catcher) };

const condition: Rule = (checker, value, at) => {
  if (typeof value === 'boolean') return;
  if (typeof value !== 'string' || !isExpression(value)) refuse(checker, 'must be an expression or a boolean', at);
  before(checker, value, at);
};

const choiceRule: Rule = (checker, value, at) => {
  checkFields(checker, value, { Condition: condition, Next: text, Comment: text, ...shaping }, { at, required: ['Condition', 'Next'] });
};

const readerConfig: Rule = (checker, value, at) => {
  const rules = { InputType: oneOf('JSON', 'JSONL'), MaxItems: amountOrExpression(0, MOST_SECONDS) };
  checkFields(checker, value, rules, { at, required: ['InputType'] });
};

const itemReader: Rule = (checker, value, at) => {
  const rules = { Resource: oneOf('arn:aws:states:::s3:getObject'), Arguments: before, ReaderConfig: readerConfig };
  checkFields(checker, value, rules, { at, required: ['Resource', 'Arguments', 'ReaderConfig'] });
};

const itemBatcher: Rule = (checker, value, at) => {
  const rules = {
    MaxItemsPerBatch: amountOrExpression(1, MOST_SECONDS),
    MaxInputBytesPerBatch: amountOrExpression(1, PAYLOAD_LIMIT),
    BatchInput: before,
  };
  checkFields(checker, value, rules, { at });
  if (isObject(value) && value['MaxItemsPerBatch'] === undefined && value['MaxInputBytesPerBatch'] === undefined) {
    refuse(checker, 'needs MaxItemsPerBatch or MaxInputBytesPerBatch', at);
  }
};

const resultWriter: Rule = (checker, value, at) => {
  const rules = { Resource: oneOf('arn:aws:states:::s3:putObject'), Arguments: before };
  checkFields(checker, value, rules, { at, required: ['Resource', 'Arguments'] });
};

const label: Rule = (checker, value, at) => {
  const good = typeof value === 'string' && value.length <= LONGEST_LABEL && /^[^\s?*<>{}[\]:;,\\|^~$#%&`"/]+$/.test(value);
  if (!good) refuse(checker, `must be a name of at most ${LONGEST_LABEL} characters without spaces and signs`, at);
};

/** Fields of a Map whose children are executions of their own; on any other they would do nothing. */
const distributedFields: Record<string, Rule> = {
  ItemReader: itemReader,
  ItemBatcher: itemBatcher,
  ResultWriter: resultWriter,
  ToleratedFailurePercentage: amountOrExpression(0, 100, { fraction: true }),
  ToleratedFailureCount: amountOrExpression(0, MOST_SECONDS),
  Label: label,
};

/** The fields of each type of state, and those that it can't do without. Levels inside are checked by whoever calls. */
const types: Record<string, { fields: Record<string, Rule>; required?: string[]; continues?: boolean }> = {
  Pass: { fields: shaping, continues: true },
  Task: {
    fields: {
      Resource: text,
      Arguments: before,
      TimeoutSeconds: secondsField,
      HeartbeatSeconds: secondsField,
      ...resultShaping,
      ...handles,
    },
    required: ['Resource'],
    continues: true,
  },
  Choice: { fields: { Choices: listOf(choiceRule), Default: text, ...shaping }, required: ['Choices'] },
  Wait: {
    fields: { Seconds: amountOrExpression(0, MOST_SECONDS), Timestamp: textTemplate('input', 'context'), ...shaping },
    continues: true,
  },
  Succeed: { fields: { Output: before } },
  Fail: { fields: { Error: textTemplate('input', 'context'), Cause: textTemplate('input', 'context') } },
  Parallel: {
    fields: { Branches: listOf(anything), Arguments: before, ...resultShaping, ...handles },
    required: ['Branches'],
    continues: true,
  },
  Map: {
    fields: {
      Items: before,
      ItemSelector: before,
      ItemProcessor: anything,
      MaxConcurrency: amountOrExpression(0, DISTRIBUTED_CONCURRENCY),
      ...resultShaping,
      ...handles,
    },
    required: ['ItemProcessor'],
    continues: true,
  },
};

/** Checks one state without the levels in it. `at` is `/States/Name`. */
export function checkState(checker: Checker, value: unknown, at: string): void {
  if (!isObject(value)) {
    refuse(checker, 'must be an object', at);
    return;
  }
  const type = Object.hasOwn(types, String(value['Type'])) ? types[String(value['Type'])] : undefined;
  if (!type) {
    refuse(checker, `Type must be one of ${Object.keys(types).join(', ')}, not ${JSON.stringify(value['Type'])}`, at);
    return;
  }
  const distributed = value['Type'] === 'Map' && modeOf(value) === 'DISTRIBUTED';
  const rules = { ...common, ...(type.continues ? continues : {}), ...type.fields, ...(distributed ? distributedFields : {}) };
  checkFields(checker, value, rules, { at, required: type.required ?? [] });
  if (type.continues && (value['Next'] === undefined) === (value['End'] === undefined)) refuse(checker, "must have either 'Next' or 'End'", at);
  if (value['Type'] === 'Task') checkTask(checker, value, at);
  if (value['Type'] === 'Wait' && (value['Seconds'] === undefined) === (value['Timestamp'] === undefined)) {
    refuse(checker, "must have either 'Seconds' or 'Timestamp'", at);
  }
  if (value['Items'] !== undefined && value['ItemReader'] !== undefined) refuse(checker, "can't have both 'Items' and 'ItemReader'", at);
}

function modeOf(map: Json): unknown {
  const processor = map['ItemProcessor'];
  const config = isObject(processor) ? processor['ProcessorConfig'] : undefined;
  return isObject(config) ? config['Mode'] : undefined;
}

function checkTask(checker: Checker, task: Json, at: string): void {
  const resource = taskResource(String(task['Resource']));
  if (!resource) {
    refuse(checker, `The embedded AWS does not support the Resource '${String(task['Resource'])}'`, `${at}/Resource`);
    return;
  }
  const { TimeoutSeconds: timeout, HeartbeatSeconds: heartbeat } = task;
  if (typeof timeout === 'number' && typeof heartbeat === 'number' && heartbeat >= timeout) {
    refuse(checker, 'HeartbeatSeconds must be smaller than TimeoutSeconds', at);
  }
  if (heartbeat !== undefined && resource.ends !== 'with-callback') refuse(checker, "Field 'HeartbeatSeconds' does nothing without a task token", at);
  const { Arguments: given } = task;
  if (resource.kind === 'sdk' || !isObject(given)) return;
  const known = optimizedArguments[resource.kind];
  const rules = Object.fromEntries([known.required, ...known.optional].map((name) => [name, anything]));
  checkFields(checker, given, rules, { at: `${at}/Arguments`, required: [known.required] });
}
