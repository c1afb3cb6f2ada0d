import { SaxesParser } from 'saxes';
import { AwsError, type Input } from '../types.ts';
import { isObject } from '../json.ts';
import type { Shape } from './schema.ts';
import { describe, misfit, readText, requireMembers, unknownMember, writeText, wrongOutput } from './values.ts';

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#xD;', '\n': '&#xA;' };

/** An element with text. */
export function element(name: string, text: string): string {
  return `<${name}>${text.replace(/[&<>"\r\n]/g, (character) => escapes[character] ?? character)}</${name}>`;
}

/**
 * A structure's members as elements: https://smithy.io/2.0/spec/protocol-traits.html#xml-bindings
 *
 * @throws Error for members and types that the schema doesn't have
 */
export function writeMembers(shape: Shape, value: unknown, path: string): string {
  if (!isObject(value)) throw wrongOutput(path, `must be an object, not ${describe(value)}`);
  let xml = '';
  for (const name of Object.keys(value)) {
    if (value[name] === undefined || value[name] === null) continue;
    const member = shape.members().get(name);
    if (!member) throw wrongOutput(path, unknownMember(shape, name));
    xml += writeElement(member.xmlName ?? name, member, { value: value[name], path: `${path}.${name}` });
  }
  return xml;
}

function writeElement(name: string, shape: Shape, { value, path }: { value: unknown; path: string }): string {
  switch (shape.kind) {
    case 'structure':
    case 'union':
      return `<${name}>${writeMembers(shape, value, path)}</${name}>`;
    case 'list': {
      if (!Array.isArray(value)) throw wrongOutput(path, `must be a list, not ${describe(value)}`);
      const flat = shape.traits.xmlFlattened !== undefined;
      const itemName = flat ? name : (shape.item().xmlName ?? 'member');
      const items = value.map((item, index) => writeElement(itemName, shape.item(), { value: item, path: `${path}[${index}]` })).join('');
      return flat ? items : `<${name}>${items}</${name}>`;
    }
    case 'map': {
      if (!isObject(value)) throw wrongOutput(path, `must be a map, not ${describe(value)}`);
      const flat = shape.traits.xmlFlattened !== undefined;
      const entries = Object.entries(value).map(([key, item]) => {
        const parts = element('key', key) + writeElement('value', shape.item(), { value: item, path: `${path}.${key}` });
        return flat ? `<${name}>${parts}</${name}>` : `<entry>${parts}</entry>`;
      });
      return flat ? entries.join('') : `<${name}>${entries.join('')}</${name}>`;
    }
    default:
      return element(name, writeText(shape, value, 'date-time', path));
  }
}

/** Code, message and further members of an error; S3 adds some that no schema knows, such as the bucket's Region to a redirect. */
export function writeXmlError(error: AwsError, code: string, shape: Shape | undefined): string {
  const entries = Object.entries(error.members);
  const modelled = entries.filter(([name]) => shape?.members().has(name));
  const others = entries.filter(([name]) => !shape?.members().has(name)).map(([name, value]) => element(name, String(value)));
  const members = shape ? writeMembers(shape, Object.fromEntries(modelled), error.code) : '';
  return element('Code', code) + element('Message', error.message) + members + others.join('');
}

interface XmlNode {
  name: string;
  text: string;
  children: XmlNode[];
}

/** Reads a request's XML body. @throws AwsError (MalformedXML) for what isn't XML, and for members that the schema doesn't have */
export function readXml(shape: Shape, body: Buffer, path: string): Input {
  return readNode(shape, parseXml(body.toString('utf8')), path);
}

function parseXml(text: string): XmlNode {
  const root: XmlNode = { name: '', text: '', children: [] };
  const open = [root];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw new AwsError('MalformedXML', `The XML you provided was not well-formed: ${error.message}`);
  });
  parser.on('opentag', ({ name }) => {
    const node = { name, text: '', children: [] };
    open.at(-1)?.children.push(node);
    open.push(node);
  });
  parser.on('text', (piece) => {
    const node = open.at(-1);
    if (node) node.text += piece;
  });
  parser.on('closetag', () => void open.pop());
  parser.write(text).close();
  return root.children[0] ?? root;
}

function readNode(shape: Shape, node: XmlNode, path: string): Input {
  switch (shape.kind) {
    case 'structure':
    case 'union':
      return readXmlStructure(shape, node, path);
    case 'list':
      return node.children.map((child, index) => readNode(shape.item(), child, `${path}[${index}]`));
    default:
      return readText(shape, node.text, 'date-time', path);
  }
}

function readXmlStructure(shape: Shape, node: XmlNode, path: string): Input {
  const names = new Map([...shape.members()].map(([name, member]) => [member.xmlName ?? name, name]));
  const result: Record<string, unknown> = {};
  for (const child of node.children) {
    const name = names.get(child.name);
    const member = name === undefined ? undefined : shape.members().get(name);
    if (name === undefined || !member) throw misfit(path, unknownMember(shape, child.name));
    const flat = member.kind === 'list' && member.traits.xmlFlattened !== undefined;
    const value = readNode(flat ? member.item() : member, child, `${path}.${name}`);
    result[name] = flat ? [...((result[name] as unknown[] | undefined) ?? []), value] : value;
  }
  requireMembers(shape, result, path);
  return result;
}
