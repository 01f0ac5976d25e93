import type { PackageDefinition } from '@grpc/proto-loader';
import descriptor from 'protobufjs/ext/descriptor/index.js';
import type {
  IDescriptorProto,
  IEnumDescriptorProto,
  IFieldDescriptorProto,
  IFileDescriptorProto,
} from 'protobufjs/ext/descriptor/index.js';

type File = IFileDescriptorProto & { dependency?: string[] };
type Field = IFieldDescriptorProto & { proto3Optional?: boolean };
interface Scope {
  readonly messages: readonly IDescriptorProto[] | undefined;
  readonly enums: readonly IEnumDescriptorProto[] | undefined;
}

/**
 * The descriptors of the proto files as reflection's clients need them. Those of proto-loader lack the imports, refer to types by
 * relative names, call the entries of maps otherwise, and forget which fields are optional; grpcurl, Go and Python refuse them.
 * https://github.com/grpc/grpc-node/issues/2595
 */
export function fileDescriptors(definition: PackageDefinition): Buffer[] {
  const files = filesOf(definition);
  for (const { messageType } of files) for (const message of messageType ?? []) nameMapEntries(message);
  const homes = new Map(files.flatMap((file) => typesOf(file).map((type) => [type, file] as const)));
  for (const file of files) linkFile(file, homes);
  return files.map((file) => Buffer.from(descriptor.FileDescriptorProto.encode(file).finish()));
}

/** Each definition has all files of its package and of those that it needs. */
function filesOf(definition: PackageDefinition): File[] {
  const files = new Map<string, File>();
  for (const { fileDescriptorProtos } of Object.values(definition)) {
    for (const bytes of Array.isArray(fileDescriptorProtos) ? fileDescriptorProtos : []) {
      const file = descriptor.FileDescriptorProto.decode(bytes) as File;
      files.set(file.name ?? '', file);
    }
  }
  return [...files.values()];
}

/** protoc calls the entry of `known_versions` `KnownVersionsEntry`. */
function nameMapEntries(message: IDescriptorProto): void {
  for (const nested of message.nestedType ?? []) {
    nameMapEntries(nested);
    if (nested.options?.mapEntry !== true) continue;
    const field = message.field?.find(({ typeName }) => typeName === nested.name);
    if (field === undefined) continue;
    nested.name = `${(field.name ?? '').replace(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase())}Entry`;
    field.typeName = nested.name;
  }
}

/** Full names of what a file declares. */
function typesOf(file: File): string[] {
  return namesIn(file.package ?? '', { messages: file.messageType, enums: file.enumType });
}

function namesIn(scope: string, { messages = [], enums = [] }: Scope): string[] {
  const nested = messages.flatMap(({ name, nestedType, enumType }) => {
    const full = `${scope}.${name ?? ''}`;
    return [full, ...namesIn(full, { messages: nestedType, enums: enumType })];
  });
  return [...nested, ...enums.map(({ name }) => `${scope}.${name ?? ''}`)];
}

/** Makes all references of a file absolute, and lists the files that they lead to. */
function linkFile(file: File, homes: ReadonlyMap<string, File>): void {
  const imports = new Set<string>();
  const absolute = (name: string, scope: string): string => {
    const full = fullName(name, scope, homes);
    const home = homes.get(full)?.name;
    if (home !== undefined && home !== file.name) imports.add(home);
    return `.${full}`;
  };
  const scope = file.package ?? '';
  for (const message of file.messageType ?? []) linkMessage(message, `${scope}.${message.name ?? ''}`, absolute);
  for (const { method: methods = [] } of file.service ?? []) {
    for (const method of methods) {
      method.inputType = absolute(method.inputType ?? '', scope);
      method.outputType = absolute(method.outputType ?? '', scope);
    }
  }
  file.dependency = [...imports];
}

function linkMessage(message: IDescriptorProto, full: string, absolute: (name: string, scope: string) => string): void {
  for (const field of message.field ?? []) linkField(field, message, absolute, full);
  for (const nested of message.nestedType ?? []) linkMessage(nested, `${full}.${nested.name ?? ''}`, absolute);
}

function linkField(
  field: Field,
  { oneofDecl = [] }: IDescriptorProto,
  absolute: (name: string, scope: string) => string,
  scope: string,
): void {
  if (field.typeName) field.typeName = absolute(field.typeName, scope);
  // An optional field is alone in a oneof that is named after it.
  if (Object.hasOwn(field, 'oneofIndex') && oneofDecl[field.oneofIndex ?? -1]?.name === `_${field.name ?? ''}`)
    field.proto3Optional = true;
}

/** Looks from the innermost scope outwards, as protoc does. */
function fullName(name: string, scope: string, homes: ReadonlyMap<string, File>): string {
  if (name.startsWith('.')) return name.slice(1);
  for (let at = scope; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    if (homes.has(`${at}.${name}`)) return `${at}.${name}`;
  }
  return name;
}
