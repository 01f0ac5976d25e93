export { wants } from './wants.js';
export { WebhookIndex } from './webhook-index.js';
