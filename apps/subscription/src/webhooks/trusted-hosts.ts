import { parseHandlerUrl } from '@postduif/outbound';

/** Hosts whose handlers need no verification file, because the operator knows them. */
export class TrustedHosts {
  /** @param hosts names in lower case; `*.example.com` is every name below `example.com` */
  constructor(private readonly hosts: readonly string[]) {}

  trusts(handler: string): boolean {
    const { hostname } = parseHandlerUrl(handler);
    return this.hosts.some((host) => (host.startsWith('*.') ? hostname.endsWith(host.slice(1)) : hostname === host));
  }
}
