import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lockText, parseLock } from '../../lambdas/core/lock.ts';
import { REPORT_STEP, SCAN_FACTS_STEP, SCAN_PACKAGES_STEPS } from '../../lambdas/core/report.ts';
import { assembleDocument, DOCUMENT_LIMIT, documentNames, documents } from '../../statemachines/documents/assemble.ts';
import type { Step } from '../../statemachines/documents/assemble.ts';
import { conformanceCases } from './cases.ts';

const all = documentNames.map((name) => ({ name, ...documents[name], document: assembleDocument(name) }));
const stepsOf = (purpose: string, os: string) => all.find((one) => one.purpose === purpose && one.os === os)?.document.mainSteps ?? [];
const isScript = (step: Step) => step.inputs.runCommand !== undefined;

describe.each(all)('$name', ({ purpose, os, document }) => {
  const text = JSON.stringify(document);

  it('is a command document of schema 2.2 that fits into 64 KB, however it is printed', () => {
    expect(document.schemaVersion).toBe('2.2');
    expect(JSON.stringify(document, null, 2).length).toBeLessThan(DOCUMENT_LIMIT - 1_024);
  });

  it('has a BatchId and an executionTimeout, and the lock and hooks where it needs them', () => {
    const lock = purpose === 'scan' ? [] : ['LockUrl', 'LockSha256'];
    const hooks = purpose === 'patch' ? ['RunBefore', 'BeforeHook', 'RunAfter', 'AfterHook', 'HookSeconds', 'ClosingScan'] : [];
    expect(Object.keys(document.parameters)).toEqual(['BatchId', ...lock, ...hooks, 'executionTimeout']);
  });

  it('limits every parameter to a pattern that its default fits', () => {
    for (const parameter of Object.values(document.parameters)) {
      expect(parameter.allowedPattern).toMatch(/^\^.*\$$/u);
    }
    const defaults = Object.values(document.parameters).filter((parameter) => parameter.default !== undefined);
    for (const parameter of defaults) expect(parameter.default).toMatch(new RegExp(parameter.allowedPattern, 'u'));
  });

  it('accepts no parameter that could end the quotes it is put into', () => {
    for (const { allowedPattern } of Object.values(document.parameters)) {
      const values = fc.stringMatching(new RegExp(allowedPattern, 'u'));
      fc.assert(
        fc.property(values, (value) => {
          expect(value).toMatch(/^[A-Za-z0-9:/._-]+$/u);
        }),
      );
    }
  });

  it('uses the parameters that it has and no others', () => {
    const used = new Set([...text.matchAll(/\{\{ (\w+) \}\}/gu)].map((match) => match[1]));
    expect(used).toEqual(new Set(Object.keys(document.parameters)));
  });

  it('puts parameters into scripts only as assignments in single quotes ahead of everything else', () => {
    for (const step of document.mainSteps) {
      const lines = step.inputs.runCommand ?? [];
      const assignment = os === 'linux' ? /^wl_\w+='\{\{ \w+ \}\}'$/u : /^\$wl\w+ = '\{\{ \w+ \}\}'$/u;
      const prologue = lines.findIndex((line) => line.includes('\n'));
      for (const line of lines.slice(0, prologue).filter((one) => one.includes('{{'))) expect(line).toMatch(assignment);
      expect(lines.slice(prologue).join('\n')).not.toMatch(/\{\{|\}\}/u);
    }
  });

  it('bounds every step that runs a script', () => {
    const bounds = document.mainSteps.filter(isScript).map((step) => step.inputs.timeoutSeconds);
    for (const bound of bounds) expect(bound).toMatch(/^(\d{2,4}|\{\{ executionTimeout \}\})$/u);
  });

  it('counts its longest step towards the time after which the command expires', () => {
    const longest = { scan: SCAN_FACTS_STEP, patch: 'Install', verify: REPORT_STEP }[purpose];
    expect(document.mainSteps.find((step) => step.name === longest)?.inputs.timeoutSeconds).toBe('{{ executionTimeout }}');
  });

  it('runs scripts of its own os only, and no step that a failed one would end', () => {
    const action = os === 'linux' ? 'aws:runShellScript' : 'aws:runPowerShellScript';
    const actions = { scan: [action], verify: ['aws:downloadContent', action], patch: ['aws:downloadContent', action, 'aws:runDocument'] };
    expect(new Set(document.mainSteps.map((step) => step.action))).toEqual(new Set(actions[purpose]));
    expect(document.mainSteps.filter(({ inputs }) => 'onFailure' in inputs || 'onSuccess' in inputs)).toEqual([]);
  });

  it("runs other documents only from the batch's own directory, and only where a parameter says yes", () => {
    for (const { action, precondition, inputs } of document.mainSteps) {
      expect(precondition !== undefined).toBe(action === 'aws:runDocument');
      if (action !== 'aws:runDocument') continue;
      expect(precondition?.StringEquals).toEqual([expect.stringMatching(/^\{\{ (RunBefore|RunAfter|ClosingScan) \}\}$/u), 'yes']);
      expect(inputs.documentType).toBe('LocalPath');
      expect(inputs.documentPath).toMatch(/[\\/][Ww]avelock[\\/]\{\{ BatchId \}\}[\\/](before|after|closing)\.json$/u);
    }
  });

  it('has a finally step only as its last, because the agent honours no other', () => {
    const marks = document.mainSteps.map((step) => step.inputs.finallyStep);
    expect(marks.slice(0, -1)).toEqual(marks.slice(0, -1).map(() => undefined));
    expect(marks.at(-1)).toBe(purpose === 'scan' ? undefined : true);
  });
});

describe.each(['linux', 'windows'])('the documents for %s', (os) => {
  it('have the steps that handlers read, in the order that the state file expects', () => {
    expect(stepsOf('scan', os).map((step) => step.name)).toEqual([SCAN_FACTS_STEP, ...SCAN_PACKAGES_STEPS]);
    const names = [
      'Lock',
      'Claim',
      'Preflight',
      'Resolve',
      'Before',
      'BeforeHook',
      'Install',
      'Reboot',
      'After',
      'AfterHook',
      'Closing',
      'ClosingScan',
    ];
    expect(stepsOf('patch', os).map((step) => step.name)).toEqual([...names, REPORT_STEP]);
    expect(stepsOf('verify', os).map((step) => step.name)).toEqual(['Lock', REPORT_STEP]);
  });

  it('download the lock to a path that only the batch names', () => {
    for (const purpose of ['patch', 'verify']) {
      const inputs = stepsOf(purpose, os)[0]?.inputs;
      expect(inputs?.sourceType).toBe('S3');
      expect(JSON.parse(inputs?.sourceInfo ?? '')).toEqual({ path: '{{ LockUrl }}' });
      expect(inputs?.destinationPath).toMatch(/[\\/][Ww]avelock[\\/]inbox[\\/]\{\{ BatchId \}\}\.lock$/u);
    }
  });

  it('report with one script, asked by Patch and by Verify', () => {
    const [patch, verify] = ['patch', 'verify'].map((purpose) => stepsOf(purpose, os).at(-1)?.inputs.runCommand ?? []);
    const differ = (patch ?? []).filter((line, index) => line !== verify?.[index]);
    expect(differ).toEqual([os === 'linux' ? "wl_do='patch'" : "$wlDo = 'patch'"]);
  });
});

describe('conformance cases', () => {
  it.each([...conformanceCases()])('%s has a lock in canonical form and a report of its length', (_name, item) => {
    const text = `${item.lock.join('\n')}\n`;
    expect(lockText(parseLock(text))).toBe(text);
    const section = parseLock(text).find(({ platform }) => platform === 'amazon-linux-2023-x86_64');
    expect(item.expect.from).toHaveLength(section?.items.length ?? 0);
    for (const [index] of item.expect.bad) expect(index).toBeLessThan(section?.items.length ?? 0);
  });
});
