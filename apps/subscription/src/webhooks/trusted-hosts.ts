import { parseHandlerUrl } from '@postduif/outbound';

/** Hosts whose handlers need no verification file, because the operator knows them. */
export class TrustedHosts {
  readonly #hosts: readonly string[];

  /** @param hosts names in lower case; `*.example.com` is every name below `example.com`; IPv6 with or without brackets */
  constructor(hosts: readonly string[]) {
    this.#hosts = hosts.map((host) => host.replace(/^\[(.*)\]$/, '$1'));
  }

  trusts(handler: string): boolean {
    const { hostname } = parseHandlerUrl(handler);
    return this.#hosts.some((host) => (host.startsWith('*.') ? hostname.endsWith(host.slice(1)) : hostname === host));
  }
}
