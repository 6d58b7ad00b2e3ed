/** What becomes of a charge on a card. */
export interface CardPlan {
  brand: string;
  last4: string;
  /** `code` and `decline_code` of the error that a charge gets. */
  declines?: { code: string; declineCode: string };
  /** Asks for the holder when nobody is there. */
  authenticates?: true;
  disputes?: true;
}

const visa = (last4: string, more: Partial<CardPlan> = {}): CardPlan => ({ brand: 'visa', last4, ...more });
const declined = (declineCode: string, code = 'card_declined') => ({ declines: { code, declineCode } });

/**
 * Test cards by the token that stands for each: https://docs.stripe.com/testing. A token can be used where an id of a
 * payment method can, and becomes one of its own.
 */
export const TEST_CARDS: Readonly<Record<string, CardPlan>> = {
  pm_card_visa: visa('4242'),
  pm_card_mastercard: { brand: 'mastercard', last4: '4444' },
  pm_card_amex: { brand: 'amex', last4: '8431' },
  pm_card_chargeDeclined: visa('0002', declined('generic_decline')),
  pm_card_chargeCustomerFail: visa('0341', declined('generic_decline')),
  pm_card_chargeDeclinedInsufficientFunds: visa('9995', declined('insufficient_funds')),
  pm_card_chargeDeclinedExpiredCard: visa('0069', declined('expired_card', 'expired_card')),
  pm_card_chargeDeclinedProcessingError: visa('0119', declined('processing_error', 'processing_error')),
  pm_card_authenticationRequired: visa('3184', { authenticates: true }),
  pm_card_authenticationRequiredOnSetup: visa('3155'),
  pm_card_createDispute: visa('0259', { disputes: true }),
};
