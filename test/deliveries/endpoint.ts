import { type ShopCall, type StandIn, startStandIn } from '../../local/shops/stand-in.ts';

/** A merchant's own server, which is told events as Standard Webhooks. */
export interface Endpoint extends StandIn {
  /** What it took, in order. */
  readonly told: ShopCall[];
}

export async function startEndpoint(): Promise<Endpoint> {
  const told: ShopCall[] = [];
  const standIn = await startStandIn((call) => {
    if (call.method !== 'POST' || call.path !== '/hook') return { status: 404 };
    told.push(call);
    return { status: 204 };
  });
  return { ...standIn, told };
}
