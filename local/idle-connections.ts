/**
 * Options of a server whose connections stay while they are idle: one that it closes races with the next request on it,
 * which clients take for a failure of the service.
 */
export const KEEPS_IDLE = { keepAliveTimeout: 0 };
