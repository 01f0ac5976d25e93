import { crash } from './crash.js';
import { isolation } from './isolation.js';
import { latency } from './latency.js';
import { outage } from './outage.js';
import { scale } from './scale.js';
import type { Scenario } from './scenario.js';
import { soak } from './soak.js';
import { throughput } from './throughput.js';

/** In the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [throughput, latency, isolation, outage, crash, scale, soak];
