import { describe, expect, it } from 'vitest';
import { physicalName } from '../../local/cloudformation/names.ts';
import { context, load, resolved, source } from './cloudformation-world.ts';
import { createStack } from '../../local/cloudformation/stack.ts';

const mappings = { Mappings: { Sizes: { 'eu-central-1': { Small: 'nano' } } } };
const conditions = {
  Parameters: { Mode: { Type: 'String', Default: 'observe' }, Zones: { Type: 'CommaDelimitedList', Default: 'a, b' } },
  Conditions: {
    Patches: { 'Fn::Equals': [{ Ref: 'Mode' }, 'patch'] },
    Observes: { 'Fn::Not': [{ Condition: 'Patches' }] },
    Both: { 'Fn::And': [{ Condition: 'Patches' }, { Condition: 'Observes' }] },
    Either: { 'Fn::Or': [{ Condition: 'Patches' }, { Condition: 'Observes' }] },
  },
};

describe('template functions', () => {
  it.each<[string, unknown, unknown]>([
    ['Ref of a resource', { Ref: 'Other' }, 'Other-ref'],
    ['Ref of an account', { Ref: 'AWS::AccountId' }, '111111111111'],
    ['Ref of a Region', { Ref: 'AWS::Region' }, 'eu-central-1'],
    ['Ref of a partition', { Ref: 'AWS::Partition' }, 'aws'],
    ['Ref of the URL suffix', { Ref: 'AWS::URLSuffix' }, 'amazonaws.com'],
    ['Ref of the stack', { Ref: 'AWS::StackName' }, 'Stack'],
    ['Ref of a parameter', { Ref: 'Mode' }, 'observe'],
    ['Ref of a list parameter', { Ref: 'Zones' }, ['a', 'b']],
    ['GetAtt as a list', { 'Fn::GetAtt': ['Other', 'Arn'] }, 'arn:Other'],
    ['GetAtt as a text', { 'Fn::GetAtt': 'Other.Arn' }, 'arn:Other'],
    ['GetAtt of a dotted attribute', { 'Fn::GetAtt': 'Other.Dotted.Name' }, 'dotted'],
    ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'Other' }, 1, true]] }, 'a-Other-ref-1-true'],
    ['Join of a list that a function answers', { 'Fn::Join': ['/', { 'Fn::Split': [',', 'x,y'] }] }, 'x/y'],
    ['Join leaves NoValue out', { 'Fn::Join': ['-', ['a', { Ref: 'AWS::NoValue' }, 'b']] }, 'a-b'],
    ['Sub', { 'Fn::Sub': 'arn:${AWS::Partition}:x:${Other}:${Other.Arn}' }, 'arn:aws:x:Other-ref:arn:Other'],
    ['Sub with own names', { 'Fn::Sub': ['${a}${Other}', { a: { Ref: 'AWS::Region' } }] }, 'eu-central-1Other-ref'],
    ['Sub keeps literals', { 'Fn::Sub': '${!Keep} ${AWS::Region}' }, '${Keep} eu-central-1'],
    ['Select', { 'Fn::Select': [1, ['a', 'b']] }, 'b'],
    ['Select of Split, index as text', { 'Fn::Select': ['2', { 'Fn::Split': [':', 'a:b:c'] }] }, 'c'],
    ['If', { 'Fn::If': ['Patches', 'yes', 'no'] }, 'no'],
    ['If by another condition', { 'Fn::If': ['Observes', 'yes', 'no'] }, 'yes'],
    ['And', { 'Fn::If': ['Both', 'yes', 'no'] }, 'no'],
    ['Or', { 'Fn::If': ['Either', 'yes', 'no'] }, 'yes'],
    ['If with NoValue drops the member', { a: { 'Fn::If': ['Patches', 'x', { Ref: 'AWS::NoValue' }] }, b: 1 }, { b: 1 }],
    ['NoValue drops from lists', ['a', { Ref: 'AWS::NoValue' }], ['a']],
    ['FindInMap', { 'Fn::FindInMap': ['Sizes', { Ref: 'AWS::Region' }, 'Small'] }, 'nano'],
    ['functions deep inside', { a: [{ b: { Ref: 'Other' } }] }, { a: [{ b: 'Other-ref' }] }],
    ['objects that only look like functions', { Ref2: 'x', StringEquals: { a: 'b' } }, { Ref2: 'x', StringEquals: { a: 'b' } }],
  ])('%s', async (_name, value, expected) => {
    expect(await resolved(value, { ...mappings, ...conditions })).toEqual(expected);
  });

  it('an unchosen branch may name what is not there', async () => {
    const Resources = {
      Gone: { Type: 'Test::Thing', Condition: 'Never' },
      Kept: { Type: 'Test::Thing', Properties: { Value: { 'Fn::If': ['Never', { Ref: 'Gone' }, 'none'] } } },
    };
    const stack = await load(Resources, { Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } } });
    expect(stack.resources.map((resource) => resource.logicalId)).toEqual(['Kept']);
  });

  it.each<[string, unknown, string]>([
    ['an unknown function', { 'Fn::Base64': 'x' }, 'The function "Fn::Base64" is not known'],
    ['an unknown reference', { Ref: 'Nowhere' }, 'Unresolved resource dependencies [Nowhere]'],
    ['an unknown attribute', { 'Fn::GetAtt': ['Other', 'Colour'] }, 'The attribute "Colour" of Test::Thing (resource Other) is not known'],
    ['an unknown condition', { 'Fn::If': ['Sometimes', 1, 2] }, 'There is no condition "Sometimes"'],
    ['an unknown export', { 'Fn::ImportValue': 'Shared' }, 'No export named Shared found in 111111111111/eu-central-1'],
    ['a hole in a map', { 'Fn::FindInMap': ['Sizes', 'x', 'y'] }, 'Fn::FindInMap finds nothing at Sizes.x.y'],
    ['an index outside', { 'Fn::Select': [5, ['a']] }, 'Fn::Select has no value at 5'],
    ['a dynamic reference', 'a{{resolve:ssm:/x}}', 'The dynamic reference'],
    ['a list where a text belongs', { 'Fn::Join': ['', [['a']]] }, 'each value of Fn::Join must be a text'],
  ])('refuses %s, and leads to it', async (_name, value, message) => {
    await expect(resolved({ deep: { er: value } }, mappings)).rejects.toThrow(`Probe (Test::Thing): Value: deep: er: ${message}`);
  });
});

async function echo(declared: Record<string, unknown>, parameters: Record<string, string> = {}): Promise<unknown> {
  return resolved({ Ref: 'P' }, { Parameters: { P: declared } }, { parameters });
}

describe('parameters', () => {
  it.each<[string, Record<string, unknown>, Record<string, string>, unknown]>([
    ['a default', { Type: 'String', Default: 'd' }, {}, 'd'],
    ['a value of the manifest', { Type: 'String', Default: 'd' }, { P: 'v' }, 'v'],
    ['a number', { Type: 'Number', Default: '5' }, {}, 5],
    [
      'a system parameter, such as the version of the CDK bootstrap',
      { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/cdk-bootstrap/hnb659fds/version' },
      {},
      'value of /cdk-bootstrap/hnb659fds/version',
    ],
  ])('%s', async (_name, declared, parameters, expected) => {
    expect(await echo(declared, parameters)).toBe(expected);
  });

  it('without value is refused', async () => {
    await expect(echo({ Type: 'String' })).rejects.toThrow('Parameters: [P] must have values');
  });

  it('of a type that is not known is refused', async () => {
    await expect(echo({ Type: 'AWS::EC2::VPC::Id', Default: 'x' })).rejects.toThrow('"AWS::EC2::VPC::Id"');
  });
});

describe('what a template may hold', () => {
  it('properties are covered, or named', async () => {
    const known = { Value: { anything: 1 }, Nested: { Known: 1 }, List: [{ Known: 1 }, { Known: 2 }], Silent: { x: 1 } };
    await expect(load({ A: { Type: 'Test::Thing', Properties: known } })).resolves.toBeDefined();
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a property', { Colour: 'red' }, 'the property "Colour" of Test::Thing'],
    ['a property below', { Nested: { Known: 1, Colour: 1 } }, 'the property "Nested.Colour" of Test::Thing'],
    ['a property in a list', { List: [{ Known: 1 }, { Colour: 1 }] }, 'the property "List.Colour" of Test::Thing'],
    ['an empty object', { Colours: {} }, 'the property "Colours" of Test::Thing'],
    ['a name that only starts alike', { Values: 1 }, 'the property "Values" of Test::Thing'],
  ])('%s that is not known is refused by name', async (_name, Properties, message) => {
    await expect(load({ A: { Type: 'Test::Thing', Properties } })).rejects.toThrow(`Stack Stack, A (Test::Thing): ${message} is not known`);
  });

  it('a property without value is not there', async () => {
    await expect(load({ A: { Type: 'Test::Thing', Properties: { Colour: { Ref: 'AWS::NoValue' } } } })).resolves.toBeDefined();
  });

  it('a type that is not known is refused by name', async () => {
    await expect(load({ A: { Type: 'AWS::EC2::Instance' } })).rejects.toThrow('A (AWS::EC2::Instance): the type "AWS::EC2::Instance" is not known');
  });

  it('a section or attribute that is not known is refused by name', async () => {
    await expect(load({}, { Transform: 'X' })).rejects.toThrow('The template section "Transform"');
    await expect(load({ A: { Type: 'Test::Thing', CreationPolicy: {} } })).rejects.toThrow('Resource A: the attribute "CreationPolicy"');
  });
});

describe('order and names', () => {
  it('creates what is needed first, by reference and by DependsOn', async () => {
    const stack = await load({
      A: { Type: 'Test::Thing', Properties: { Value: { 'Fn::Sub': '${B}' } } },
      B: { Type: 'Test::Thing', DependsOn: 'D' },
      C: { Type: 'Test::Thing', DependsOn: ['A', 'D'] },
      D: { Type: 'Test::Thing' },
    });
    expect(stack.resources.map((resource) => resource.logicalId)).toEqual(['D', 'B', 'A', 'C']);
  });

  it('refuses a circle', async () => {
    const circle = {
      A: { Type: 'Test::Thing', Properties: { Value: { Ref: 'B' } } },
      B: { Type: 'Test::Thing', DependsOn: 'C' },
      C: { Type: 'Test::Thing', Properties: { Value: { 'Fn::GetAtt': ['A', 'Arn'] } } },
    };
    await expect(load(circle)).rejects.toThrow('Circular dependency between resources: [A, B, C]');
  });

  it('names follow from seed, stack and logical id alone', () => {
    const stack = { name: 'Stack', id: 'arn:1' };
    const name = physicalName(1, stack, 'Table', { max: 64 });
    expect(name).toMatch(/^Stack-Table-[A-Z0-9]{12}$/);
    expect(physicalName(1, stack, 'Table', { max: 64 })).toBe(name);
    expect(physicalName(2, stack, 'Table', { max: 64 })).not.toBe(name);
    expect(physicalName(1, { ...stack, id: 'arn:2' }, 'Table', { max: 64 })).not.toBe(name);
  });

  it.each([
    [64, 40, 60],
    [64, 5, 200],
    [64, 200, 5],
    [63, 100, 100],
    [80, 20, 30],
  ])('names fit into %d characters', (max, stackLength, idLength) => {
    const name = physicalName(1, { name: 's'.repeat(stackLength), id: 'x' }, 'L'.repeat(idLength), { max, lower: true });
    expect(name.length).toBeLessThanOrEqual(max);
    expect(name).toMatch(/^s+-l+-[a-z0-9]{12}$/);
  });
});

describe('exports', () => {
  it('of one stack are imported by another in the same account and Region only', async () => {
    const shared = context();
    const Outputs = { Out: { Value: { Ref: 'A' }, Export: { Name: { 'Fn::Sub': '${AWS::StackName}-A' } } } };
    await createStack(source({ Resources: { A: { Type: 'Test::Thing' } }, Outputs }), shared);
    const importing = {
      Resources: { B: { Type: 'Test::Thing', Properties: { Value: { 'Fn::ImportValue': 'Stack-A' } } } },
      Outputs: { E: { Value: { 'Fn::GetAtt': 'B.Echo' } } },
    };
    const stack = await createStack(source(importing, { name: 'Second' }), shared);
    expect(stack.outputs.E).toBe('{"Value":"A-ref"}');
    await expect(createStack(source(importing, { region: 'eu-west-1' }), shared)).rejects.toThrow(
      'No export named Stack-A found in 111111111111/eu-west-1',
    );
  });
});
