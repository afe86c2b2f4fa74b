// What is read of Shopify's objects, by the streams that read it. The names of the fields are those of the schema of the Admin API,
// version 2026-01; what is chosen of them is what upstream's documents hold.

import { type ConnectionWithin, rowsBelow, rowsOf, rowsOfType, type RowSelection } from '@weir/cdk';

const amount = '{ amount currencyCode }';
const money = `{ presentmentMoney ${amount} shopMoney ${amount} }`;
const moneyOf = (...names: string[]): string => names.map((name) => `${name} ${money}`).join(' ');
const link = '{ id legacyResourceId }';
const address =
  '{ address1 address2 city company country countryCodeV2 firstName lastName name phone province provinceCode zip }';
const postal =
  '{ address1 address2 city company country firstName lastName name phone province provinceCode zip }';
const taxLines = `taxLines { title rate ratePercentage channelLiable priceSet ${money} }`;
const changed = 'id legacyResourceId updatedAt';
const dated = `${changed} createdAt`;
const publication = '{ id name catalog { id status title } }';

const order = (more: string, ...lists: ConnectionWithin[]) =>
  rowsOf('Order', `${dated} ${more}`.trim(), ...lists);
const product = (more: string, ...lists: ConnectionWithin[]) =>
  rowsOf('Product', `${dated} ${more}`.trim(), ...lists);
const metafields = rowsBelow(
  'metafields',
  'Metafield',
  'id legacyResourceId namespace key value type ownerType createdAt updatedAt definition { id namespace description type { category name } }',
);
const withMetafields = (type: string, fields = dated): RowSelection => rowsOf(type, fields, metafields);
const collectionMetafields = withMetafields('Collection', changed);
const collection = rowsOf(
  'Collection',
  `${changed} description descriptionHtml handle sortOrder templateSuffix title productsCount { count precision }`,
  rowsOfType('products', 'Product', 'id legacyResourceId'),
  rowsOfType('publications', 'CollectionPublication', 'publishDate publication { id name }'),
);

export const selections = {
  abandoned_checkouts: rowsOf(
    'AbandonedCheckout',
    `id createdAt updatedAt completedAt abandonedCheckoutUrl name note discountCodes taxesIncluded customAttributes { key value } customer ${link} billingAddress ${address} shippingAddress ${address} ${taxLines} ${moneyOf('subtotalPriceSet', 'totalDiscountSet', 'totalDutiesSet', 'totalLineItemsPriceSet', 'totalPriceSet', 'totalTaxSet')}`,
    rowsBelow(
      'lineItems',
      'AbandonedCheckoutLineItem',
      `id title variantTitle quantity sku customAttributes { key value } product ${link} variant ${link} ${moneyOf('discountedTotalPriceSet', 'discountedUnitPriceSet', 'originalTotalPriceSet', 'originalUnitPriceSet')}`,
    ),
  ),
  customers: rowsOf(
    'Customer',
    `${dated} displayName firstName lastName email phone locale note state tags taxExempt taxExemptions verifiedEmail addresses ${address} defaultAddress ${address} defaultEmailAddress { marketingOptInLevel marketingState marketingUnsubscribeUrl marketingUpdatedAt } defaultPhoneNumber { marketingCollectedFrom marketingOptInLevel marketingState marketingUpdatedAt } statistics { predictedSpendTier }`,
  ),
  products: product(
    `bodyHtml description descriptionHtml giftCardTemplateSuffix handle hasOnlyDefaultVariant hasOutOfStockVariants hasVariantsThatRequiresComponents isGiftCard onlineStorePreviewUrl onlineStoreUrl productType publishedAt requiresSellingPlan status tags templateSuffix title totalInventory tracksInventory vendor feedback { details { messages { message } } } featuredMedia { id alt mediaContentType status mediaErrors { code details message } mediaWarnings { code message } preview { status image { id altText height width url } } } mediaCount { count precision } variantsCount { count precision } options { id name position values } seo { title description } priceRangeV2 { maxVariantPrice ${amount} minVariantPrice ${amount} }`,
    rowsBelow('resourcePublications', 'ResourcePublication', `isPublished publication ${publication}`),
  ),
  product_media: product(
    '',
    rowsBelow('media', 'Media', '__typename id alt ... on MediaImage { image { height width url } }'),
  ),
  product_variants: product(
    '',
    rowsBelow(
      'variants',
      'ProductVariant',
      `${dated} barcode compareAtPrice inventoryPolicy inventoryQuantity position price sku taxable title image { id altText url } inventoryItem { id legacyResourceId } selectedOptions { name value optionValue { id name } }`,
    ),
  ),
  product_variant_metafields: product('', rowsBelow('variants', 'ProductVariant', dated, metafields)),
  product_metafields: withMetafields('Product'),
  customer_metafields: withMetafields('Customer'),
  order_metafields: withMetafields('Order'),
  location_metafields: withMetafields('Location'),
  orders: order(
    `name email phone note tags test cancelReason cancelledAt clientIp closedAt confirmationNumber confirmed currencyCode customerAcceptsMarketing customerLocale discountCode discountCodes displayFinancialStatus displayFulfillmentStatus estimatedTaxes paymentGatewayNames poNumber presentmentCurrencyCode processedAt referrerUrl registeredSourceUrl sourceIdentifier sourceName statusPageUrl subtotalPrice taxExempt taxesIncluded totalWeight app { id } merchantOfRecordApp { id } customer ${link} billingAddress ${address} shippingAddress ${address} customAttributes { key value } customerJourneySummary { customerOrderIndex daysToConversion ready momentsCount { count precision } firstVisit { id landingPage occurredAt source sourceType } lastVisit { id landingPage occurredAt source sourceType } } paymentTerms { id dueInDays overdue paymentTermsName paymentTermsType } purchasingEntity { __typename } ${taxLines} ${moneyOf('currentSubtotalPriceSet', 'currentTotalAdditionalFeesSet', 'currentTotalDiscountsSet', 'currentTotalDutiesSet', 'currentTotalPriceSet', 'currentTotalTaxSet', 'originalTotalAdditionalFeesSet', 'originalTotalDutiesSet', 'subtotalPriceSet', 'totalDiscountsSet', 'totalOutstandingSet', 'totalPriceSet', 'totalShippingPriceSet', 'totalTaxSet', 'totalTipReceivedSet')}`,
    rowsOfType(
      'lineItems',
      'LineItem',
      `id name sku vendor quantity currentQuantity refundableQuantity unfulfilledQuantity nonFulfillableQuantity isGiftCard requiresShipping taxable image { originalSrc: url } product ${link} variant { id legacyResourceId sku } sellingPlan { name sellingPlanId } lineItemGroup { id quantity title } discountAllocations { allocatedAmountSet ${money} } duties { id harmonizedSystemCode price ${money} } ${taxLines} ${moneyOf('discountedTotalSet', 'discountedUnitPriceAfterAllDiscountsSet', 'discountedUnitPriceSet', 'originalTotalSet', 'originalUnitPriceSet', 'totalDiscountSet', 'unfulfilledDiscountedTotalSet', 'unfulfilledOriginalTotalSet')}`,
    ),
    rowsOfType(
      'discountApplications',
      'DiscountApplication',
      'allocationMethod index targetSelection targetType',
    ),
    rowsOfType('paymentTerms.paymentSchedules', 'PaymentSchedule', 'id completedAt dueAt issuedAt'),
  ),
  fulfillment_orders: order(
    '',
    rowsBelow(
      'fulfillmentOrders',
      'FulfillmentOrder',
      '__typename id channelId createdAt updatedAt fulfillAt fulfillBy requestStatus status assignedLocation { address1 address2 city countryCode name phone province zip location { id legacyResourceId } } deliveryMethod { id maxDeliveryDateTime methodType minDeliveryDateTime } destination { id address1 address2 city company countryCode email firstName lastName phone province zip } fulfillmentHolds { id reason reasonNotes } internationalDuties { incoterm } supportedActions { action externalUrl }',
      rowsOfType(
        'lineItems',
        'FulfillmentOrderLineItem',
        'id inventoryItemId remainingQuantity totalQuantity lineItem { id currentQuantity product { id legacyResourceId } variant { id legacyResourceId } }',
      ),
      rowsOfType('merchantRequests', 'FulfillmentOrderMerchantRequest', 'id kind message sentAt'),
    ),
  ),
  fulfillments: order(
    `fulfillments { ${dated} name status displayStatus deliveredAt estimatedDeliveryAt inTransitAt requiresShipping totalQuantity location ${link} service { id handle serviceName type } trackingInfo { company number url } originAddress { address1 address2 city countryCode provinceCode zip } }`,
  ),
  order_agreements: order(
    '',
    rowsBelow(
      'agreements',
      'SalesAgreement',
      'id happenedAt reason',
      rowsBelow(
        'sales',
        'Sale',
        `id actionType lineType quantity ${moneyOf('totalAmount', 'totalDiscountAmountAfterTaxes', 'totalDiscountAmountBeforeTaxes', 'totalTaxAmount')}`,
      ),
    ),
  ),
  order_transactions: order(
    `transactions { id createdAt processedAt kind status test gateway formattedGateway errorCode authorizationCode authorizationExpiresAt accountNumber paymentId manuallyCapturable multiCapturable settlementCurrency settlementCurrencyRate parentTransaction { id } fees { id rate rateName type amount ${amount} } ${moneyOf('amountSet', 'totalUnsettledSet')} }`,
  ),
  /** What a refund is of cannot be read here: an operation that reads all rows takes no connection within a plain list. */
  order_refunds: order(
    `displayFinancialStatus displayFulfillmentStatus refunds { ${dated} note return { id } ${moneyOf('totalRefundedSet')} duties { originalDuty { id } amountSet ${money} } }`,
  ),
  order_returns: order(
    '',
    rowsBelow(
      'returns',
      'Return',
      `id name status createdAt closedAt requestApprovedAt totalQuantity decline { note reason } returnShippingFees { id ${moneyOf('amountSet')} }`,
      rowsBelow(
        'returnLineItems',
        'ReturnLineItemType',
        '__typename id quantity processedQuantity refundableQuantity refundedQuantity returnReasonNote customerNote ... on ReturnLineItem { fulfillmentLineItem { id lineItem { id } } }',
      ),
    ),
  ),
  order_risks: order(
    'risk { recommendation assessments { riskLevel provider { id title } facts { description sentiment } } }',
  ),
  inventory_items: rowsOf(
    'InventoryItem',
    `${dated} countryCodeOfOrigin harmonizedSystemCode inventoryHistoryUrl provinceCodeOfOrigin requiresShipping sku tracked unitCost ${amount} variant { id legacyResourceId product { id legacyResourceId title } }`,
  ),
  /** By the location, of which there are few: what changes of a level is no change of its item. */
  inventory_levels: rowsOf('Location', 'id', {
    at: 'inventoryLevels',
    type: 'InventoryLevel',
    args: { text: 'query: $filter', variables: { filter: 'String!' } },
    fields: `id createdAt updatedAt canDeactivate deactivationAlert item ${link} location ${link} quantities(names: ["available", "incoming", "committed", "damaged", "on_hand", "quality_control", "reserved", "safety_stock"]) { id name quantity updatedAt }`,
  }),
  custom_collections: collection,
  smart_collections: collection,
  custom_collection_metafields: collectionMetafields,
  smart_collection_metafields: collectionMetafields,
  locations: rowsOf(
    'Location',
    `${dated} name activatable addressVerified deactivatable deactivatedAt deletable fulfillsOnlineOrders hasActiveInventory hasUnfulfilledOrders isActive shipsInventory address { address1 address2 city country countryCode phone province provinceCode zip } fulfillmentService { id handle serviceName type }`,
  ),
  subscription_contracts: rowsOf(
    'SubscriptionContract',
    `id createdAt updatedAt status nextBillingDate currencyCode note revisionId app { id } appAdminUrl customer ${link} customerPaymentMethod { id } billingPolicy { interval intervalCount } deliveryPolicy { interval intervalCount } deliveryPrice ${amount} deliveryMethod { __typename ... on SubscriptionDeliveryMethodPickup { pickupOption { code description presentmentTitle title location { id createdAt address { address1 address2 city country countryCode formatted latitude longitude phone province provinceCode zip } } } } ... on SubscriptionDeliveryMethodLocalDelivery { address ${postal} localDeliveryOption { code description instructions phone presentmentTitle title } } ... on SubscriptionDeliveryMethodShipping { address ${postal} shippingOption { code description presentmentTitle title } } } customAttributes { key value } linesCount { count } lastBillingAttemptErrorType lastPaymentStatus originOrder { id }`,
    rowsBelow(
      'lines',
      'SubscriptionLine',
      `id quantity variantId productId sellingPlanId sellingPlanName currentPrice ${amount} lineDiscountedPrice ${amount} pricingPolicy { basePrice ${amount} }`,
    ),
  ),
  disputes: rowsOf(
    'ShopifyPaymentsDispute',
    `id legacyResourceId initiatedAt evidenceDueBy evidenceSentOn finalizedOn status type amount ${amount} order ${link} reasonDetails { networkReasonCode reason }`,
  ),
  markets: rowsOf(
    'Market',
    'id name handle status type currencySettings { localCurrencies baseCurrency { currencyCode currencyName enabled } } priceInclusions { inclusiveDutiesPricingStrategy inclusiveTaxPricingStrategy }',
    rowsBelow('catalogs', 'MarketCatalog', 'id status title'),
  ),
  staff_members: rowsOf(
    'StaffMember',
    'id active accountType email exists firstName lastName name initials isShopOwner locale phone privateData { accountSettingsUrl createdAt }',
  ),
} as const satisfies Readonly<Record<string, RowSelection>>;

/** For a token that reaches the objects and not where they are published. */
export function withoutPublications(rows: RowSelection): RowSelection {
  return { ...rows, lists: (rows.lists ?? []).filter(({ type }) => !type.endsWith('Publication')) };
}
