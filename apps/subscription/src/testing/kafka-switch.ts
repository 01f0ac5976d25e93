import type { KafkaClients } from '@postduif/kafka';
import kafkajs from 'kafkajs';

/** Clients of a real broker whose producers lose it and find it again, as when its connections are cut. */
export class KafkaSwitch {
  readonly clients: KafkaClients;
  #away = false;

  constructor(kafka: KafkaClients) {
    const producer: KafkaClients['producer'] = (config) => {
      const real = kafka.producer(config);
      const reach = (): void => {
        if (this.#away) throw new kafkajs.KafkaJSConnectionError('the broker is away');
      };
      return {
        ...real,
        connect: async () => {
          reach();
          await real.connect();
        },
        sendBatch: async (batch) => {
          reach();
          return real.sendBatch(batch);
        },
      };
    };
    this.clients = { ...kafka, producer };
  }

  takeAway(): void {
    this.#away = true;
  }

  giveBack(): void {
    this.#away = false;
  }
}
