import { AwsError, type Input } from '../types.ts';
import { modelOf, type Protocol } from './protocol.ts';
import type { ServiceSchema, Shape } from './schema.ts';
import { misfit, readText, requireMembers, unknownMember } from './values.ts';
import { element, writeMembers, writeXmlError } from './xml.ts';

/**
 * AWS Query (forms in, XML out) and its elder relative EC2 Query:
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html, https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
 */
export function queryProtocol(schema: ServiceSchema): Protocol {
  const ec2 = schema.protocol === 'ec2Query';
  return {
    read(request) {
      const form = new URLSearchParams(request.body.toString('utf8'));
      const name = form.get('Action') ?? '';
      const operation = schema.operation(name);
      if (!operation) throw new AwsError('InvalidAction', `embedded AWS does not know the action ${name} of ${schema.namespace}`);
      return { operation, input: readForm(operation.input, formTree(form), { path: name, ec2 }) };
    },
    write(operation, output, requestId) {
      const members = operation.output.kind === 'unit' ? '' : writeMembers(operation.output, output ?? {}, operation.name);
      const { name } = operation;
      const metadata = `<ResponseMetadata>${element('RequestId', requestId)}</ResponseMetadata>`;
      const body = ec2 ? element('requestId', requestId) + members : `<${name}Result>${members}</${name}Result>${metadata}`;
      const xml = `<${name}Response xmlns="${schema.xmlNamespace}">${body}</${name}Response>`;
      return { status: 200, headers: { 'content-type': 'text/xml' }, body: xml };
    },
    fail(error, requestId) {
      const { code, status, schema: model } = modelOf(schema, error);
      const fault = writeXmlError(error, model?.query?.code ?? code, model?.shape);
      const body = ec2
        ? `<Response><Errors><Error>${fault}</Error></Errors>${element('RequestID', requestId)}</Response>`
        : `<ErrorResponse xmlns="${schema.xmlNamespace}"><Error>${element('Type', status >= 500 ? 'Receiver' : 'Sender')}${fault}</Error>` +
          `${element('RequestId', requestId)}</ErrorResponse>`;
      return { status, headers: { 'content-type': 'text/xml' }, body };
    },
  };
}

/** A form's keys `A.member.1.B` as a tree, so that what nobody reads is noticed. */
interface FormNode {
  value?: string;
  children: Map<string, FormNode>;
}

function formTree(form: URLSearchParams): FormNode {
  const root: FormNode = { children: new Map() };
  for (const [key, value] of form) {
    if (key === 'Action' || key === 'Version') continue;
    let node = root;
    for (const part of key.split('.')) {
      let next = node.children.get(part);
      if (!next) node.children.set(part, (next = { children: new Map() }));
      node = next;
    }
    node.value = value;
  }
  return root;
}

interface FormPlace {
  path: string;
  ec2: boolean;
}

function readForm(shape: Shape, node: FormNode, place: FormPlace): Input {
  switch (shape.kind) {
    case 'structure':
    case 'union':
      return readFormStructure(shape, node, place);
    case 'list':
      return readFormList(shape, node, place);
    case 'map':
      return readFormMap(shape, node, place);
    case 'unit':
      return {};
    default:
      if (node.value === undefined) throw misfit(place.path, `must be a ${shape.kind}`);
      return readText(shape, node.value, 'date-time', place.path);
  }
}

function readFormStructure(shape: Shape, node: FormNode, { path, ec2 }: FormPlace): Input {
  const names = new Map([...shape.members()].map(([name, member]) => [formName(name, member, ec2), name]));
  const result: Record<string, unknown> = {};
  for (const [key, child] of node.children) {
    const name = names.get(key);
    const member = name === undefined ? undefined : shape.members().get(name);
    if (name === undefined || !member) throw misfit(path, unknownMember(shape, key));
    result[name] = readForm(member, child, { path: `${path}.${name}`, ec2 });
  }
  requireMembers(shape, result, path);
  return result;
}

function formName(name: string, member: Shape, ec2: boolean): string {
  if (!ec2) return member.xmlName ?? name;
  const key = member.traits.ec2QueryName ?? member.xmlName ?? name;
  return key.charAt(0).toUpperCase() + key.slice(1);
}

function readFormList(shape: Shape, node: FormNode, place: FormPlace): unknown[] {
  const item = shape.item();
  const flat = place.ec2 || shape.traits.xmlFlattened !== undefined;
  const items = flat ? node : node.children.get(item.xmlName ?? 'member');
  return numbered(items).map(([index, child]) => readForm(item, child, { ...place, path: `${place.path}[${index}]` }));
}

function readFormMap(shape: Shape, node: FormNode, place: FormPlace): Record<string, unknown> {
  const entries = shape.traits.xmlFlattened === undefined ? node.children.get('entry') : node;
  const result: Record<string, unknown> = {};
  for (const [index, entry] of numbered(entries)) {
    // Maps of the services on Query name their parts `key` and `value`, or as SNS does `Name` and `Value`.
    const key = entry.children.get('key') ?? entry.children.get('Name');
    const value = entry.children.get('value') ?? entry.children.get('Value');
    if (key?.value === undefined || !value) throw misfit(`${place.path}[${index}]`, 'must have a key and a value');
    result[key.value] = readForm(shape.item(), value, { ...place, path: `${place.path}.${key.value}` });
  }
  return result;
}

/** Children 1, 2, 3 … in the order of their numbers. */
function numbered(node: FormNode | undefined): [number, FormNode][] {
  if (!node) return [];
  return [...node.children].map(([key, child]): [number, FormNode] => [Number(key), child]).toSorted(([a], [b]) => a - b);
}
