/**
 * Every field that Stripe puts on a resource, null until a stand-in's own code says more: whoever looks for something
 * that must not be kept meets all the places where it could be.
 */
type Nothing = Record<string, null>;

function fields(names: string): Nothing {
  return Object.fromEntries(names.split(/\s+/).map((name) => [name, null]));
}

export const ACCOUNT =
  fields(`business_profile business_type capabilities charges_enabled controller country created default_currency
  details_submitted email external_accounts future_requirements metadata payouts_enabled requirements settings
  tos_acceptance type`);

export const CHARGE =
  fields(`amount amount_captured amount_refunded application application_fee application_fee_amount balance_transaction
  billing_details calculated_statement_descriptor captured created currency customer description disputed
  failure_balance_transaction failure_code failure_message fraud_details livemode metadata on_behalf_of outcome
  paid payment_intent payment_method payment_method_details receipt_email receipt_number receipt_url refunded
  refunds review shipping source source_transfer statement_descriptor statement_descriptor_suffix status
  transfer_data transfer_group`);

export const CUSTOMER =
  fields(`address balance created currency default_source delinquent description discount email invoice_prefix
  invoice_settings livemode metadata name next_invoice_sequence phone preferred_locales shipping tax_exempt
  test_clock`);

export const CHECKOUT_SESSION =
  fields(`adaptive_pricing after_expiration allow_promotion_codes amount_subtotal amount_total automatic_tax
  billing_address_collection cancel_url client_reference_id client_secret collected_information consent
  consent_collection created currency currency_conversion custom_fields custom_text customer customer_account
  customer_creation customer_details customer_email discounts expires_at integration_identifier invoice
  invoice_creation livemode locale managed_payments metadata mode origin_context payment_intent payment_link
  payment_method_collection payment_method_configuration_details payment_method_options payment_method_types
  payment_status permissions phone_number_collection recovered_from saved_payment_method_options setup_intent
  shipping_address_collection shipping_cost shipping_options status submit_type subscription success_url
  total_details ui_mode url wallet_options`);

export const PAYMENT_INTENT =
  fields(`amount amount_capturable amount_details amount_received application application_fee_amount
  automatic_payment_methods canceled_at cancellation_reason capture_method client_secret confirmation_method
  created currency customer customer_account description excluded_payment_method_types last_payment_error
  latest_charge livemode managed_payments metadata next_action on_behalf_of payment_method
  payment_method_configuration_details payment_method_options payment_method_types processing receipt_email
  review setup_future_usage shipping source statement_descriptor statement_descriptor_suffix status
  transfer_data transfer_group`);

export const PAYMENT_METHOD = fields(
  `allow_redisplay billing_details card created customer customer_account livemode metadata type`,
);

export const SETUP_INTENT =
  fields(`application automatic_payment_methods cancellation_reason client_secret created customer description
  excluded_payment_method_types flow_directions last_setup_error latest_attempt livemode mandate metadata
  next_action on_behalf_of payment_method payment_method_configuration_details payment_method_options
  payment_method_types single_use_mandate status usage`);

export const INVOICE =
  fields(`account_country account_name account_tax_ids amount_due amount_overpaid amount_paid amount_remaining
  amount_shipping application attempt_count attempted auto_advance automatic_tax automatically_finalizes_at
  billing_reason collection_method created currency custom_fields customer customer_account customer_address
  customer_email customer_name customer_phone customer_shipping customer_tax_exempt customer_tax_ids
  default_payment_method default_source default_tax_rates description discounts due_date effective_at
  ending_balance footer from_invoice hosted_invoice_url invoice_pdf issuer last_finalization_error
  latest_revision lines livemode metadata next_payment_attempt number on_behalf_of parent payment_settings
  period_end period_start post_payment_credit_notes_amount pre_payment_credit_notes_amount receipt_number
  rendering shipping_cost shipping_details starting_balance statement_descriptor status status_transitions
  subscription subtotal subtotal_excluding_tax test_clock total total_discount_amounts total_excluding_tax
  total_pretax_credit_amounts total_taxes webhooks_delivered_at`);

export const INVOICE_ITEM =
  fields(`amount currency customer customer_account date description discountable discounts invoice livemode metadata
  net_amount parent period pricing proration quantity quantity_decimal tax_rates test_clock`);

export const LINE_ITEM =
  fields(`amount currency description discount_amounts discountable discounts invoice livemode metadata parent period
  pretax_credit_amounts pricing quantity quantity_decimal subscription subtotal taxes`);

export const REFUND =
  fields(`amount balance_transaction charge created currency customer customer_account destination_details metadata
  payment_intent payment_method reason receipt_number source_transfer_reversal status transfer_reversal`);

export const DISPUTE =
  fields(`amount balance_transactions charge created currency enhanced_eligibility_types evidence evidence_details
  is_charge_refundable livemode metadata payment_intent payment_method_details reason status`);
