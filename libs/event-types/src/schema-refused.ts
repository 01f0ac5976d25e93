/** A schema that cannot be used. The message says why; it goes to whoever sent the schema. */
export class SchemaRefused extends Error {
  override readonly name = 'SchemaRefused';
}
