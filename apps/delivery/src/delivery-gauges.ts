import { WHEEL_TIERS } from '@postduif/contracts';
import type { TopicNames } from '@postduif/contracts';
import type { FlushingProducer, PartitionState, RecordConsumer } from '@postduif/kafka';
import type { OutboundSender } from '@postduif/outbound';
import type { Gauged } from './delivery-metrics.js';
import type { DeliveryEngine } from './engine/delivery-engine.js';
import type { WheelDepth } from './wheel/wheel-depth.js';
import type { WheelReader } from './wheel/wheel-reader.js';

export interface GaugedParts {
  readonly engine: Pick<DeliveryEngine, 'state' | 'pending'>;
  readonly deliveries: Pick<RecordConsumer, 'lag'>;
  readonly wheel: Pick<WheelReader, 'waiting'>;
  readonly depth: WheelDepth;
  readonly producer: Pick<FlushingProducer, 'buffered'>;
  readonly outbound: Pick<OutboundSender, 'stats'>;
  readonly topics: TopicNames;
}

/** How full each part of the service is. */
export function deliveryGauges(parts: GaugedParts): Gauged[] {
  const { engine, deliveries, wheel, depth, producer, outbound, topics } = parts;
  return [
    one('delivery_in_flight', 'Requests in flight', () => engine.state.inFlight),
    one('delivery_unsettled', 'Ended attempts that are not written down yet', () => engine.state.unsettled),
    one('delivery_queued', 'Deliveries queued in memory', () => engine.state.queued),
    one(
      'delivery_pending',
      'Deliveries that wait for this process alone; while there are many, little comes off the wheel',
      () => engine.pending,
    ),
    one(
      'delivery_paused_partitions',
      'Partitions of deliveries that are not read at present',
      () => deliveries.lag().filter(({ paused }) => paused).length,
    ),
    one('delivery_lanes', 'Webhooks with something under way or remembered', () => engine.state.lanes),
    {
      name: 'delivery_breakers',
      help: 'Webhooks in memory by the state of their breaker',
      label: 'state',
      read: () => new Map(Object.entries(engine.state.breakers)),
    },
    one(
      'delivery_lag_records',
      'Records on deliveries after the first that is not done, in the partitions of this process: one that hangs counts all that have passed it',
      () => deliveries.lag().reduce((sum, { lag }) => sum + (lag ?? 0), 0),
    ),
    one(
      'delivery_unread_records',
      'Records on deliveries that were not read yet, in the partitions of this process',
      () =>
        deliveries
          .lag()
          .reduce((sum, { position = 0, highWatermark = 0 }) => sum + Math.max(0, highWatermark - position), 0),
    ),
    one('delivery_unacknowledged_bytes', 'Bytes of records read and not done', () =>
      deliveries.lag().reduce((sum: number, { inFlightBytes }: PartitionState) => sum + inFlightBytes, 0),
    ),
    one('wheel_in_memory', 'Records of the wheel in memory', () => wheel.waiting),
    {
      name: 'wheel_records',
      help: 'Records waiting on the wheel by tier, in the partitions of this process',
      label: 'tier',
      read: () => new Map(WHEEL_TIERS.map(({ name }) => [name, depth.of(topics.retry[name])])),
    },
    one('delivery_producer_records', 'Records that wait to be durable', () => producer.buffered.records),
    one('delivery_producer_bytes', 'Bytes that wait to be durable', () => producer.buffered.bytes),
    one('delivery_origins', 'Origins with open connections', () => outbound.stats().origins),
    one('delivery_sockets', 'Open connections to receivers', () => outbound.stats().openSockets),
  ];
}

function one(name: string, help: string, read: () => number): Gauged {
  return { name, help, read };
}
