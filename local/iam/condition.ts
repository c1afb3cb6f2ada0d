import { listOf, object, scalar } from '../json.ts';
import { isKnownKey } from './keys.ts';
import { arnLike, expand, like, variablesIn, type Lookup } from './match.ts';

/** One line of a Condition block: every condition of a statement must hold, any of its values may (IAM User Guide, "Condition"). */
export interface Condition {
  holds(lookup: Lookup): boolean;
}

interface Operator {
  /** Whether the request's value meets the policy's value; negated operators say what they forbid. */
  meets(value: string, wanted: string, lookup: Lookup): boolean;
  negated?: boolean;
}

const literal =
  (compare: (value: string, wanted: string) => boolean): Operator['meets'] =>
  (value, wanted, lookup) => {
    const text = expand(wanted, lookup);
    return text !== undefined && compare(value, text);
  };

const numeric = (compare: (value: number, wanted: number) => boolean): Operator => ({
  meets: literal((value, wanted) => compare(Number(value), Number(wanted))),
});

const same = literal((value, wanted) => value === wanted);
const sameIgnoringCase = literal((value, wanted) => value.toLowerCase() === wanted.toLowerCase());
const alike: Operator['meets'] = (value, wanted, lookup) => like(wanted, value, lookup);
const arnAlike: Operator['meets'] = (value, wanted, lookup) => arnLike(wanted, value, lookup);

const operators: Record<string, Operator> = {
  StringEquals: { meets: same },
  StringNotEquals: { meets: same, negated: true },
  StringEqualsIgnoreCase: { meets: sameIgnoringCase },
  StringNotEqualsIgnoreCase: { meets: sameIgnoringCase, negated: true },
  StringLike: { meets: alike },
  StringNotLike: { meets: alike, negated: true },
  ArnEquals: { meets: arnAlike },
  ArnLike: { meets: arnAlike },
  ArnNotEquals: { meets: arnAlike, negated: true },
  ArnNotLike: { meets: arnAlike, negated: true },
  Bool: { meets: sameIgnoringCase },
  NumericEquals: numeric((value, wanted) => value === wanted),
  NumericNotEquals: { ...numeric((value, wanted) => value === wanted), negated: true },
  NumericLessThan: numeric((value, wanted) => value < wanted),
  NumericLessThanEquals: numeric((value, wanted) => value <= wanted),
  NumericGreaterThan: numeric((value, wanted) => value > wanted),
  NumericGreaterThanEquals: numeric((value, wanted) => value >= wanted),
};

interface Parts {
  /** `ForAllValues`, `ForAnyValue` or nothing */
  quantifier: string | undefined;
  name: string;
  ifExists: boolean;
}

function parts(spelled: string): Parts {
  const match = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(spelled);
  return { quantifier: match?.[1], name: match?.[2] ?? spelled, ifExists: match?.[3] !== undefined };
}

function nullCondition(key: string, wanted: string[]): Condition {
  return { holds: (lookup) => wanted.some((value) => (value.toLowerCase() === 'true') === (lookup(key) === undefined)) };
}

/** A missing key fails positive operators and meets negated ones (IAM User Guide, "Conditions with multiple context keys or values"). */
function plainCondition(key: string, wanted: string[], operator: Operator, spelled: Parts): Condition {
  const any = (value: string, lookup: Lookup): boolean => wanted.some((text) => operator.meets(value, text, lookup));
  return {
    holds: (lookup) => {
      const values = lookup(key);
      if (values === undefined) return spelled.ifExists || operator.negated === true;
      if (values.length > 1) {
        throw new Error(`The condition key ${key} has several values in this request: use ForAnyValue or ForAllValues, not ${spelled.name}`);
      }
      return any(values[0]!, lookup) !== (operator.negated === true);
    },
  };
}

function setCondition(key: string, wanted: string[], operator: Operator, spelled: Parts): Condition {
  const meets = (value: string, lookup: Lookup): boolean =>
    wanted.some((text) => operator.meets(value, text, lookup)) !== (operator.negated === true);
  return {
    holds: (lookup) => {
      const values = lookup(key) ?? [];
      // An empty set meets ForAllValues (nothing contradicts it) and never ForAnyValue: IAM User Guide, "Set operators".
      if (spelled.quantifier === 'ForAllValues') return values.every((value) => meets(value, lookup));
      return (values.length === 0 && spelled.ifExists) || values.some((value) => meets(value, lookup));
    },
  };
}

function texts(value: unknown): string[] {
  return listOf(value).map((entry) => scalar(entry, 'a condition value'));
}

function condition(operatorText: string, key: string, value: unknown): Condition {
  const spelled = parts(operatorText);
  if (!isKnownKey(key)) throw new Error(`The condition key "${key}" is not known to the embedded AWS (local/iam/keys.ts lists those that are)`);
  const wanted = texts(value);
  for (const name of wanted.flatMap(variablesIn)) {
    if (!isKnownKey(name)) throw new Error(`The policy variable "\${${name}}" is not known to the embedded AWS`);
  }
  if (operatorText === 'Null') return nullCondition(key, wanted);
  const operator = operators[spelled.name];
  if (!operator) throw new Error(`The condition operator "${operatorText}" is not known to the embedded AWS`);
  return spelled.quantifier ? setCondition(key, wanted, operator, spelled) : plainCondition(key, wanted, operator, spelled);
}

/**
 * Reads a Condition block: operator → key → value or values.
 *
 * @throws Error that names an operator, key or variable which is unknown here: it may never be taken for allowed
 */
export function parseConditions(block: unknown): Condition[] {
  if (block === undefined) return [];
  return Object.entries(object(block, 'Condition')).flatMap(([operator, keys]) =>
    Object.entries(object(keys, `Condition "${operator}"`)).map(([key, value]) => condition(operator, key, value)),
  );
}
