export { DataSchema, maxEventBytes } from './data-schema.js';
export { SchemaRefused } from './schema-refused.js';
