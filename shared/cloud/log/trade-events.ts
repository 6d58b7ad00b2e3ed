import type { ErrorCode } from '../../domain/errors.ts';
import { errorFacts, type Line } from './line.ts';

/** What happens to orders, stock, shops, deliveries and charges. One function an event; each takes ids, codes and counts. A new event is one line here. */
export function tradeEvents(line: Line) {
  return {
    orderStored: (orderId: string, companyId: string) => {
      line('INFO', 'order.stored', 'An order was stored', { orderId, companyId });
    },
    orderRepeated: (orderId: string, companyId: string) => {
      line('INFO', 'order.repeated', 'A delivery of an order that is stored already', { orderId, companyId });
    },
    orderIgnored: (orderId: string, companyId: string, code: string) => {
      line('INFO', 'order.ignored', 'A delivery that changes nothing', { orderId, companyId, code });
    },
    eventIgnored: (
      connectionId: string,
      reason: 'topic' | 'nothing_to_ship' | 'closing' | 'ping' | 'uninstalled',
    ) => {
      const code = reason.toUpperCase();
      line('INFO', 'event.ignored', 'An event that is of no concern here', { connectionId, code });
    },
    orderMerged: (orderId: string, companyId: string) => {
      line('INFO', 'order.merged', 'An order was updated from a delivery', { orderId, companyId });
    },
    orderRouted: (orderId: string, companyId: string, count: number) => {
      line('INFO', 'order.routed', 'An order was routed to its suppliers', { orderId, companyId, count });
    },
    orderHeld: (orderId: string, companyId: string, code: string) => {
      line('WARNING', 'order.held', 'An order is held until its merchant retries it', {
        orderId,
        companyId,
        code,
      });
    },
    orderErased: (orderId: string, companyId: string) => {
      line('INFO', 'order.erased', 'An order was erased', { orderId, companyId });
    },
    erasureStuck: (erasureId: string, companyId: string) => {
      line('ERROR', 'erasure.stuck', 'An erasure could not be finished', { erasureId, companyId });
    },
    stockUnsettled: (companyId: string) => {
      line('ERROR', 'stock.unsettled', 'A stock could not be settled; sweep asks again', { companyId });
    },
    stockPublishFailed: (companyId: string) => {
      line('WARNING', 'publish.failed', 'A message was not published; sweep will', { companyId });
    },
    publishFailed: (topic: 'orders' | 'erasures' | 'deliveries' | 'pulls', id: string, companyId: string) => {
      const named = {
        orders: { orderId: id },
        erasures: { erasureId: id },
        deliveries: { deliveryId: id },
        pulls: { pullId: id },
      }[topic];
      line('WARNING', 'publish.failed', 'A message was not published; sweep will', { ...named, companyId });
    },
    pullAsked: (pullId: string, companyId: string) => {
      line('INFO', 'pull.asked', 'Something is to be read at its shop', { pullId, companyId });
    },
    pullPostponed: (pullId: string, companyId: string, code: ErrorCode) => {
      line('WARNING', 'pull.postponed', 'What is to be read at a shop could not be yet', {
        pullId,
        companyId,
        code,
      });
    },
    pullGivenUp: (pullId: string, companyId: string) => {
      line('ERROR', 'pull.given_up', 'An order was not read at its shop; the poll will look for it', {
        pullId,
        companyId,
      });
    },
    privacyRequested: (connectionId: string, companyId: string, count: number) => {
      line('INFO', 'privacy.requested', 'A platform asked for privacy’s sake', {
        connectionId,
        companyId,
        count,
      });
    },
    pullDead: (companyId: string) => {
      line('ERROR', 'pull.dead', 'A message about a shop was refused too often; it is found again', {
        companyId,
      });
    },
    pollsLate: () => {
      line(
        'WARNING',
        'polls.late',
        'Nobody asked for polls for some minutes: every shop has its turn now',
        {},
      );
    },
    shopPolled: (connectionId: string, companyId: string, count: number) => {
      line('INFO', 'shop.polled', 'A shop was asked for what it changed', { connectionId, companyId, count });
    },
    shopFailed: (connectionId: string, companyId: string, code: ErrorCode) => {
      line('WARNING', 'shop.failed', 'A shop could not be asked', { connectionId, companyId, code });
    },
    webhookRefused: (code: ErrorCode, connectionId?: string) => {
      line('INFO', 'webhook.refused', 'A delivery was refused', {
        code,
        ...(connectionId !== undefined && { connectionId }),
      });
    },
    importRun: (companyId: string, count: number) => {
      line('INFO', 'import.run', 'An import came so many rows further', { companyId, count });
    },
    importStuck: (companyId: string) => {
      line('ERROR', 'import.stuck', 'An import could not be finished', { companyId });
    },
    importNotPublished: (companyId: string) => {
      line('WARNING', 'import.not_published', 'An import was not published; sweep will', { companyId });
    },
    deliverySent: (deliveryId: string, companyId: string) => {
      line('INFO', 'delivery.sent', 'A delivery reached its shop or endpoint', { deliveryId, companyId });
    },
    deliveryFailed: (deliveryId: string, companyId: string, code: string) => {
      line('WARNING', 'delivery.failed', 'A delivery failed and is tried again', {
        deliveryId,
        companyId,
        code,
      });
    },
    deliveryDead: (deliveryId: string, companyId: string, code: string) => {
      line('WARNING', 'delivery.dead', 'A delivery was given up and waits for its merchant', {
        deliveryId,
        companyId,
        code,
      });
    },
    stripeEventIgnored: (reason: 'TYPE' | 'ACCOUNT' | 'FORM' | 'REPEATED') => {
      line('INFO', 'stripe.event_ignored', 'An event of Stripe that changes nothing', { code: reason });
    },
    stripeEventGivenUp: () => {
      line(
        'ERROR',
        'stripe.event_given_up',
        'An event of Stripe was not applied; the daily comparison will',
        {},
      );
    },
    stripeDifference: (companyId: string, code: string) => {
      line('ALERT', 'stripe.difference', 'Stripe and we differ, which a person must look at', {
        companyId,
        code,
      });
    },
    stripeHealed: (companyId: string, count: number) => {
      line('WARNING', 'stripe.healed', 'Events of Stripe that never came were applied', { companyId, count });
    },
    chargeFailed: (companyId: string, error: unknown) => {
      line('ERROR', 'charge.failed', 'A charge could not be made now', { companyId, ...errorFacts(error) });
    },
  };
}
