import { describe, expect, it } from '@jest/globals';
import descriptor from 'protobufjs/ext/descriptor/index.js';
import type { IFileDescriptorProto } from 'protobufjs/ext/descriptor/index.js';
import { fileDescriptors } from './file-descriptors.js';
import { packageDefinition } from './package-definition.js';

const files = fileDescriptors(packageDefinition).map(
  (bytes) => descriptor.FileDescriptorProto.decode(bytes) as unknown as IFileDescriptorProto & { dependency: string[] },
);
const fileOf = (name: string) => files.find((file) => file.package === name);
const messageOf = (name: string) => fileOf('postduif.config.v1')?.messageType?.find((message) => message.name === name);

describe('the descriptors for reflection', () => {
  it('import every file whose types they use, and no other', () => {
    expect(fileOf('postduif.config.v1')?.dependency).toEqual(['google_protobuf.proto']);
    expect(fileOf('google.rpc')?.dependency).toEqual(['google_protobuf.proto']);
    expect(fileOf('grpc.health.v1')?.dependency).toEqual([]);
  });

  it('name types absolutely', () => {
    const mask = messageOf('UpdateWebhookRequest')?.field?.find(({ name }) => name === 'update_mask');
    expect(mask?.typeName).toBe('.google.protobuf.FieldMask');
    const format = messageOf('Webhook')?.field?.find(({ name }) => name === 'format');
    expect(format?.typeName).toBe('.postduif.config.v1.Webhook.Format');
    const [method] = fileOf('postduif.config.v1')?.service?.[0]?.method ?? [];
    expect(method?.inputType).toBe('.postduif.config.v1.CheckTokenRequest');
  });

  it('name the entries of maps as protoc does', () => {
    const watch = messageOf('WatchWebhooksRequest');
    expect(watch?.nestedType?.[0]?.name).toBe('KnownVersionsEntry');
    expect(watch?.field?.[0]?.typeName).toBe('.postduif.config.v1.WatchWebhooksRequest.KnownVersionsEntry');
  });

  it('say which fields are optional', () => {
    const optional = messageOf('Webhook')?.field?.filter((field) => Reflect.get(field, 'proto3Optional') === true);
    expect(optional?.map(({ name }) => name)).toEqual(['database', 'collection', 'concurrency', 'rate', 'shards']);
  });
});
