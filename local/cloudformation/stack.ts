import { listOf, object, reason, scalar, text, type Json } from '../json.ts';
import type { StackSource } from './assembly.ts';
import { holds, noValue, resolve, type Scope } from './functions.ts';
import { physicalName, stackId, type NameRules } from './names.ts';
import type { Parts } from './parts.ts';
import { checkProperties, type Created, type Resource, type ResourceType, type StackFacts } from './resource-type.ts';
import { creationOrder, readTemplate, type ResourceSource, type Template } from './template.ts';

/** A stack as it was created. */
export interface LoadedStack extends StackFacts {
  /** Path and sha256 of the template's file. */
  file: string;
  sha256: string;
  resources: LoadedResource[];
  outputs: Record<string, string>;
}

export interface LoadedResource {
  logicalId: string;
  type: string;
  /** What Ref answers: name, URL or ARN, as the type has it. */
  ref: string;
}

/** What stacks share while they are created. */
export interface LoadContext {
  seed: number;
  parts: Parts;
  types: ReadonlyMap<string, ResourceType>;
  /** Values of `AWS::SSM::Parameter::Value` parameters. @throws Error when there is none of the name */
  systemParameter(account: string, region: string, name: string): string;
  /** Exports of the stacks before, by `account/region/name`. */
  exports: Map<string, string>;
}

class Creation implements Scope {
  readonly mappings: Json;
  private readonly template: Template;
  private readonly created = new Map<string, Created>();
  private readonly facts: StackFacts;
  private readonly parameters = new Map<string, unknown>();

  constructor(
    private readonly source: StackSource,
    private readonly context: LoadContext,
  ) {
    this.template = readTemplate(source.template);
    this.mappings = this.template.mappings;
    const { name, account, region } = source;
    this.facts = { name, account, region, id: stackId(context.seed, account, region, name) };
    for (const [parameter, declared] of Object.entries(this.template.parameters)) this.parameters.set(parameter, this.parameter(parameter, declared));
  }

  private parameter(name: string, declared: Json): unknown {
    const type = text(declared.Type, `Type of parameter ${name}`);
    const given = this.source.parameters[name] ?? declared.Default;
    if (given === undefined) throw new Error(`Parameters: [${name}] must have values`);
    const value = scalar(given, `value of parameter ${name}`);
    if (type === 'String') return value;
    if (type === 'Number') return Number(value);
    if (type === 'CommaDelimitedList' || type.startsWith('List<')) return value.split(',').map((part) => part.trim());
    if (type.startsWith('AWS::SSM::Parameter::Value<')) return this.context.systemParameter(this.facts.account, this.facts.region, value);
    throw new Error(`Parameter ${name}: the type "${type}" is not known to the embedded AWS`);
  }

  ref(name: string): unknown {
    const pseudo = this.pseudo(name);
    if (pseudo !== undefined) return pseudo;
    if (this.parameters.has(name)) return this.parameters.get(name);
    return this.resource(name).ref;
  }

  private pseudo(name: string): string | undefined {
    const { account, region, id } = this.facts;
    const values: Record<string, string> = {
      'AWS::AccountId': account,
      'AWS::Region': region,
      'AWS::Partition': 'aws',
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::StackName': this.facts.name,
      'AWS::StackId': id,
    };
    return values[name];
  }

  private resource(logicalId: string): Created {
    const created = this.created.get(logicalId);
    if (!created) throw new Error(`Unresolved resource dependencies [${logicalId}] in the Resources block of the template`);
    return created;
  }

  attribute(logicalId: string, name: string): unknown {
    const value = this.resource(logicalId).attributes?.[name];
    if (value !== undefined) return value;
    const type = this.template.resources.get(logicalId)?.type;
    throw new Error(`The attribute "${name}" of ${type} (resource ${logicalId}) is not known to the embedded AWS`);
  }

  condition(name: string): boolean {
    if (!(name in this.template.conditions)) throw new Error(`There is no condition "${name}" in the template`);
    return holds(this.template.conditions[name], this);
  }

  imported(name: string): unknown {
    const value = this.context.exports.get(`${this.facts.account}/${this.facts.region}/${name}`);
    if (value === undefined) throw new Error(`No export named ${name} found in ${this.facts.account}/${this.facts.region}`);
    return value;
  }

  async run(): Promise<LoadedStack> {
    const resources: LoadedResource[] = [];
    for (const logicalId of creationOrder(this.template.resources)) {
      const source = this.template.resources.get(logicalId)!;
      if (source.condition !== undefined && !this.condition(source.condition)) continue;
      const created = await this.create(logicalId, source);
      this.created.set(logicalId, created);
      resources.push({ logicalId, type: source.type, ref: created.ref });
    }
    return { ...this.facts, file: this.source.file, sha256: this.source.sha256, resources, outputs: this.outputs() };
  }

  private async create(logicalId: string, source: ResourceSource): Promise<Created> {
    try {
      const type = this.context.types.get(source.type);
      if (!type) throw new Error(`the type "${source.type}" is not known to the embedded AWS`);
      const properties = object(resolve(source.properties, this), 'Properties');
      checkProperties(type, properties);
      const generatedName = (rules: NameRules): string => physicalName(this.context.seed, this.facts, logicalId, rules);
      const resource: Resource = { logicalId, type: source.type, properties, stack: this.facts, generatedName };
      return await type.create(resource, this.context.parts);
    } catch (error) {
      throw new Error(`Stack ${this.facts.name}, ${logicalId} (${source.type}): ${reason(error)}`, { cause: error });
    }
  }

  private outputs(): Record<string, string> {
    const result: Record<string, string> = {};
    for (const [name, output] of Object.entries(this.template.outputs)) {
      if (output.Condition !== undefined && !this.condition(text(output.Condition, `Condition of output ${name}`))) continue;
      const value = resolve(output.Value, this);
      if (value === noValue) throw new Error(`Output ${name} has no value`);
      result[name] = listOf(value).map(String).join(',');
      if (output.Export === undefined) continue;
      const exported = resolve(object(output.Export, `Export of ${name}`).Name, this);
      this.context.exports.set(`${this.facts.account}/${this.facts.region}/${text(exported, `export of ${name}`)}`, result[name]);
    }
    return result;
  }
}

/**
 * Creates a stack's resources, each after those that it needs.
 *
 * @throws Error that leads to the resource, with what is not known or what the service refused
 */
export async function createStack(source: StackSource, context: LoadContext): Promise<LoadedStack> {
  let creation: Creation;
  try {
    creation = new Creation(source, context);
  } catch (error) {
    throw new Error(`Stack ${source.name} (${source.file}): ${reason(error)}`, { cause: error });
  }
  return creation.run();
}
