import type { ServiceContext } from '@postduif/service';

export type Log = ServiceContext<unknown>['log'];
