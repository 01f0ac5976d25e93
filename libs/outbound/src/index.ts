export { AddressGuard, type AddressGuardOptions, type AddressVerdict } from './address-guard.js';
export { AllowListError, parseAllowList } from './allow-list.js';
export { describeFailure } from './describe-failure.js';
export { DnsResolver, systemResolver, type DnsResolverOptions } from './dns-resolver.js';
export { ExchangeError, OUTBOUND_ERRORS, OutboundError, type OutboundErrorCode } from './errors.js';
export {
  HANDLER_URL_ERRORS,
  HandlerUrlError,
  MAX_URL_LENGTH,
  parseHandlerUrl,
  type HandlerUrlErrorCode,
  type ParsedHandlerUrl,
} from './handler-url.js';
export { CachingResolver, type CachingResolverOptions, type NameResolver, type ResolvedName } from './name-resolver.js';
export type { HeaderList } from './request-headers.js';
export type { ConnectTiming, ExchangeTiming, OutboundFailure, OutboundResponse, OutboundResult } from './result.js';
export {
  DEFAULT_USER_AGENT,
  OutboundSender,
  type OutboundRequest,
  type OutboundSenderOptions,
  type OutboundStats,
} from './sender.js';
