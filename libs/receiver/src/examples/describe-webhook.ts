import type { Webhook } from '../index.js';

/** Format and type tell what there is; TypeScript knows it. */
export function describeWebhook({ format, payload }: Webhook): string {
  if (format === 'cloudevents') return `${payload.type} from ${payload.source}`;
  if (format === 'json') return `${payload.type} at ${payload.timestamp}`;
  switch (payload.type) {
    case 'create':
    case 'update':
      return `profile ${payload.profile} is now ${JSON.stringify(payload.fields)}`;
    case 'click':
      return `${payload.recipient} went to ${payload.original}`;
    case 'bounce':
      return `${payload.mime.length} bytes came back from ${payload.recipient}`;
    default:
      return `${payload.type} at ${new Date(payload.time * 1_000).toISOString()}`;
  }
}
