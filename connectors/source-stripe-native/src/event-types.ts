// The events by which Stripe tells of changes of each kind of object, and the lists of the objects themselves.

export interface ObjectList {
  /** Below `/v1`. */
  readonly path: string;
  readonly events: readonly string[];
  /** More parameters of the list. */
  readonly query?: Readonly<Record<string, string>>;
}

const of = (path: string, prefix: string, names: string): ObjectList => ({
  path,
  events: names.split(' ').map((name) => `${prefix}.${name}`),
});

/** Objects with events and a list of their own, by the names of their streams. */
export const objects = {
  ApplicationFees: of('/application_fees', 'application_fee', 'created refunded'),
  Charges: of('/charges', 'charge', 'pending succeeded captured updated failed refunded expired'),
  CheckoutSessions: of(
    '/checkout/sessions',
    'checkout.session',
    'completed expired async_payment_succeeded async_payment_failed',
  ),
  Coupons: of('/coupons', 'coupon', 'created updated deleted'),
  CreditNotes: of('/credit_notes', 'credit_note', 'created updated voided'),
  Customers: of('/customers', 'customer', 'created updated deleted'),
  Disputes: of('/disputes', 'charge.dispute', 'created updated closed funds_reinstated funds_withdrawn'),
  EarlyFraudWarning: of('/radar/early_fraud_warnings', 'radar.early_fraud_warning', 'created updated'),
  InvoiceItems: of('/invoiceitems', 'invoiceitem', 'created updated deleted'),
  Invoices: of(
    '/invoices',
    'invoice',
    'created updated finalized marked_uncollectible voided sent finalization_failed overdue paid deleted payment_succeeded payment_failed payment_action_required will_be_due',
  ),
  PaymentIntents: of(
    '/payment_intents',
    'payment_intent',
    'created updated canceled amount_capturable_updated partially_funded payment_failed processing requires_action succeeded',
  ),
  Payouts: of('/payouts', 'payout', 'created updated canceled failed paid reconciliation_completed'),
  Plans: of('/plans', 'plan', 'created updated deleted'),
  Prices: of('/prices', 'price', 'created updated deleted'),
  Products: of('/products', 'product', 'created updated deleted'),
  PromotionCode: of('/promotion_codes', 'promotion_code', 'created updated deleted'),
  Refunds: { path: '/refunds', events: ['refund.created', 'refund.updated', 'charge.refund.updated'] },
  Reviews: of('/reviews', 'review', 'opened closed'),
  SetupIntents: of(
    '/setup_intents',
    'setup_intent',
    'created canceled succeeded setup_failed requires_action',
  ),
  SubscriptionSchedule: of(
    '/subscription_schedules',
    'subscription_schedule',
    'created updated released aborted canceled completed expiring',
  ),
  Subscriptions: {
    ...of(
      '/subscriptions',
      'customer.subscription',
      'created updated paused resumed pending_update_applied pending_update_expired trial_will_end deleted',
    ),
    // Those that have ended as well.
    query: { status: 'all' },
  },
  TopUps: of('/topups', 'topup', 'created canceled failed reversed succeeded'),
  Transfers: of('/transfers', 'transfer', 'created updated reversed'),
} as const satisfies Record<string, ObjectList>;
