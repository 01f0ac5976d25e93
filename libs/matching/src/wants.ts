import type { Event, WebhookSnapshot } from '@postduif/contracts';

/**
 * Does a webhook want an event of its account and trigger? It must be enabled, its handler validated, and each of its limits met (spec
 * sections 2 and 10.2). A limit asks for what it names: an event that does not say its database, collection or caller does not meet a
 * limit to one. An empty list of callers or fields is no limit.
 */
export function wants(webhook: WebhookSnapshot, event: Event): boolean {
  return (
    webhook.state === 'enabled' &&
    webhook.validated &&
    (webhook.database === undefined || webhook.database === event.database) &&
    (webhook.collection === undefined || webhook.collection === event.collection) &&
    fitsCallers(webhook.callers ?? [], event) &&
    fitsFields(webhook.fields ?? [], event)
  );
}

function fitsCallers(callers: NonNullable<WebhookSnapshot['callers']>, { caller }: Event): boolean {
  return callers.length === 0 || (caller !== undefined && callers.includes(caller));
}

/** What an update has changed is in its parameters: names of fields and of interests (spec section 4.9). */
function fitsFields(fields: readonly string[], event: Event): boolean {
  if (event.type !== 'update' || fields.length === 0) return true;
  const { parameters } = event.data;
  return fields.some((name) => Object.hasOwn(parameters, name));
}
