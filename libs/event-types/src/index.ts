export { DataSchema, maxEventBytes, SchemaRefused } from './data-schema.js';
