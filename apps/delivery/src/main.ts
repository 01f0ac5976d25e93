import { Module } from '@nestjs/common';
import { runService } from '@postduif/service';
import { DeliveryService } from './delivery-service.js';
import { deliverySettings } from './settings.js';

@Module({})
class DeliveryModule {}

let delivery: DeliveryService | undefined;

await runService({
  name: 'delivery',
  settings: deliverySettings,
  module: (context) => {
    delivery = new DeliveryService(context);
    return { module: DeliveryModule };
  },
  start: async () => delivery?.start(),
});
