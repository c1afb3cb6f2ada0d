import { AwsError } from '../types.ts';
import type { AlarmProperties } from './alarms.ts';
import { parseArn } from './locations.ts';
import { isStatistic } from './metrics.ts';

/** How an alarm compares a value with its threshold. */
export const comparisons: Record<string, (value: number, threshold: number) => boolean> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

const missingData = ['breaching', 'notBreaching', 'ignore', 'missing'];

/** What an alarm may look at, in seconds: a day, or a week in steps of an hour and more (CloudWatch API reference, PutMetricAlarm). */
const LONGEST = { short: 86_400, long: 604_800 };

/**
 * Checks an alarm as PutMetricAlarm does (CloudWatch API reference), and refuses what only CloudWatch itself can evaluate.
 *
 * @throws AwsError ValidationError
 */
export function checkAlarm(properties: AlarmProperties): void {
  const unknown = unknownKind(properties);
  if (unknown !== undefined) throw invalid(`embedded AWS has no alarms ${unknown} (${properties.AlarmName})`);
  const problem = badSetting(properties);
  if (problem !== undefined) throw invalid(`${problem} (alarm ${properties.AlarmName})`);
  const actions = [properties.AlarmActions, properties.OKActions, properties.InsufficientDataActions].map((list) => list ?? []);
  if (actions.some((list) => list.length > 5)) throw invalid(`An alarm has at most 5 actions for a state (${properties.AlarmName})`);
  const stranger = actions.flat().find((action) => !['sns', 'lambda'].includes(parseArn(action)?.service ?? ''));
  if (stranger !== undefined) throw invalid(`embedded AWS has no alarm action ${stranger}`);
}

function unknownKind({ Metrics, ExtendedStatistic, ComparisonOperator }: AlarmProperties): string | undefined {
  if (Metrics !== undefined) return 'of expressions over metrics';
  if (ExtendedStatistic !== undefined) return 'on percentiles';
  return comparisons[ComparisonOperator ?? ''] ? undefined : `that compare by ${ComparisonOperator}`;
}

function badSetting(properties: AlarmProperties): string | undefined {
  const { Statistic, Threshold, TreatMissingData = 'missing', Period = 0, EvaluationPeriods = 0, DatapointsToAlarm = 1 } = properties;
  if (!isStatistic(Statistic)) return `Statistic ${Statistic} must be SampleCount, Average, Sum, Minimum or Maximum`;
  if (typeof Threshold !== 'number' || Number.isNaN(Threshold)) return 'Threshold is required';
  if (!missingData.includes(TreatMissingData)) return `TreatMissingData ${TreatMissingData} must be one of ${missingData.join(', ')}`;
  if (![10, 20, 30].includes(Period) && !(Period >= 60 && Period % 60 === 0)) return `Period ${Period} must be 10, 20, 30 or a multiple of 60`;
  if (!Number.isInteger(EvaluationPeriods) || EvaluationPeriods < 1) return `EvaluationPeriods ${EvaluationPeriods} must be at least 1`;
  if (DatapointsToAlarm < 1 || DatapointsToAlarm > EvaluationPeriods) {
    return `DatapointsToAlarm ${DatapointsToAlarm} must be between 1 and EvaluationPeriods`;
  }
  const longest = Period >= 3_600 ? LONGEST.long : LONGEST.short;
  return Period * EvaluationPeriods > longest ? `Metrics cannot be checked across more than ${longest} seconds` : undefined;
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationError', message);
}
