// What is read of Shopify's objects. The names of the fields are those of the schema of the Admin API, version 2026-01; what is
// chosen of them is what upstream's documents hold.

import type { ConnectionWithin, JsonObject, RowSelection } from '@weir/cdk';

const money = '{ presentmentMoney { amount currencyCode } shopMoney { amount currencyCode } }';
const moneyOf = (...names: string[]): string => names.map((name) => `${name} ${money}`).join(' ');
const link = '{ id legacyResourceId }';
const address =
  '{ address1 address2 city company country countryCodeV2 firstName lastName name phone province provinceCode zip }';
const taxLines = `taxLines { title rate ratePercentage channelLiable priceSet ${money} }`;
const changed = 'id legacyResourceId updatedAt';
const dated = `${changed} createdAt`;

const publication = '{ id name catalog { id status title } }';

const rows = (type: string, fields: string, ...lists: ConnectionWithin[]): RowSelection => ({
  type,
  fields,
  lists,
});
/** The rows of a list below: where they are, of which type, and what is below them in turn. */
const below = (at: string, ...selected: Parameters<typeof rows>): ConnectionWithin => ({
  at,
  ...rows(...selected),
});
/** Of a row with several lists: in files their rows are told apart by their types. */
const told = (at: string, type: string, fields: string): ConnectionWithin => ({
  ...below(at, type, `__typename ${fields}`),
  holds: ({ __typename: name }: JsonObject) => typeof name === 'string' && name.endsWith(type),
});
const metafields: ConnectionWithin = below(
  'metafields',
  'Metafield',
  'id legacyResourceId namespace key value type ownerType createdAt updatedAt definition { id namespace description type { category name } }',
);
const withMetafields = (type: string, fields = dated): RowSelection => rows(type, fields, metafields);
const order = (more: string, ...lists: ConnectionWithin[]) =>
  rows('Order', `${dated} ${more}`.trim(), ...lists);
const product = (more: string, ...lists: ConnectionWithin[]) =>
  rows('Product', `${dated} ${more}`.trim(), ...lists);

export const abandonedCheckouts = rows(
  'AbandonedCheckout',
  `id createdAt updatedAt completedAt abandonedCheckoutUrl name note discountCodes taxesIncluded customAttributes { key value } customer ${link} billingAddress ${address} shippingAddress ${address} ${taxLines} ${moneyOf('subtotalPriceSet', 'totalDiscountSet', 'totalDutiesSet', 'totalLineItemsPriceSet', 'totalPriceSet', 'totalTaxSet')}`,
  below(
    'lineItems',
    'AbandonedCheckoutLineItem',
    `id title variantTitle quantity sku customAttributes { key value } product ${link} variant ${link} ${moneyOf('discountedTotalPriceSet', 'discountedUnitPriceSet', 'originalTotalPriceSet', 'originalUnitPriceSet')}`,
  ),
);

export const customers = rows(
  'Customer',
  `${dated} displayName firstName lastName email phone locale note state tags taxExempt taxExemptions verifiedEmail addresses ${address} defaultAddress ${address} defaultEmailAddress { marketingOptInLevel marketingState marketingUnsubscribeUrl marketingUpdatedAt } defaultPhoneNumber { marketingCollectedFrom marketingOptInLevel marketingState marketingUpdatedAt } statistics { predictedSpendTier }`,
);

export const products = product(
  'bodyHtml description descriptionHtml giftCardTemplateSuffix handle hasOnlyDefaultVariant hasOutOfStockVariants hasVariantsThatRequiresComponents isGiftCard onlineStorePreviewUrl onlineStoreUrl productType publishedAt requiresSellingPlan status tags templateSuffix title totalInventory tracksInventory vendor feedback { details { messages { message } } } featuredMedia { id alt mediaContentType status mediaErrors { code details message } mediaWarnings { code message } preview { status image { id altText height width url } } } mediaCount { count precision } variantsCount { count precision } options { id name position values } seo { title description } priceRangeV2 { maxVariantPrice { amount currencyCode } minVariantPrice { amount currencyCode } }',
  below('resourcePublications', 'ResourcePublication', `isPublished publication ${publication}`),
);

export const productMedia = product(
  '',
  below('media', 'Media', '__typename id alt ... on MediaImage { image { height width url } }'),
);

const variantFields =
  'barcode compareAtPrice inventoryPolicy inventoryQuantity position price sku taxable title image { id altText url } inventoryItem { id legacyResourceId } selectedOptions { name value optionValue { id name } }';
export const productVariants = product('', below('variants', 'ProductVariant', `${dated} ${variantFields}`));
export const productVariantMetafields = product('', below('variants', 'ProductVariant', dated, metafields));
export const productMetafields = withMetafields('Product');
export const customerMetafields = withMetafields('Customer');
export const orderMetafields = withMetafields('Order');
export const locationMetafields = withMetafields('Location');
export const collectionMetafields = withMetafields('Collection', changed);

export const orders = order(
  `name email phone note tags test cancelReason cancelledAt clientIp closedAt confirmationNumber confirmed currencyCode customerAcceptsMarketing customerLocale discountCode discountCodes displayFinancialStatus displayFulfillmentStatus estimatedTaxes paymentGatewayNames poNumber presentmentCurrencyCode processedAt referrerUrl registeredSourceUrl sourceIdentifier sourceName statusPageUrl subtotalPrice taxExempt taxesIncluded totalWeight app { id } merchantOfRecordApp { id } customer ${link} billingAddress ${address} shippingAddress ${address} customAttributes { key value } customerJourneySummary { customerOrderIndex daysToConversion ready momentsCount { count precision } firstVisit { id landingPage occurredAt source sourceType } lastVisit { id landingPage occurredAt source sourceType } } paymentTerms { id dueInDays overdue paymentTermsName paymentTermsType } purchasingEntity { __typename } ${taxLines} ${moneyOf('currentSubtotalPriceSet', 'currentTotalAdditionalFeesSet', 'currentTotalDiscountsSet', 'currentTotalDutiesSet', 'currentTotalPriceSet', 'currentTotalTaxSet', 'originalTotalAdditionalFeesSet', 'originalTotalDutiesSet', 'subtotalPriceSet', 'totalDiscountsSet', 'totalOutstandingSet', 'totalPriceSet', 'totalShippingPriceSet', 'totalTaxSet', 'totalTipReceivedSet')}`,
  told(
    'lineItems',
    'LineItem',
    `id name sku vendor quantity currentQuantity refundableQuantity unfulfilledQuantity nonFulfillableQuantity isGiftCard requiresShipping taxable image { originalSrc: url } product ${link} variant { id legacyResourceId sku } sellingPlan { name sellingPlanId } lineItemGroup { id quantity title } discountAllocations { allocatedAmountSet ${money} } duties { id harmonizedSystemCode price ${money} } ${taxLines} ${moneyOf('discountedTotalSet', 'discountedUnitPriceAfterAllDiscountsSet', 'discountedUnitPriceSet', 'originalTotalSet', 'originalUnitPriceSet', 'totalDiscountSet', 'unfulfilledDiscountedTotalSet', 'unfulfilledOriginalTotalSet')}`,
  ),
  told('discountApplications', 'DiscountApplication', 'allocationMethod index targetSelection targetType'),
  told('paymentTerms.paymentSchedules', 'PaymentSchedule', 'id completedAt dueAt issuedAt'),
);

export const fulfillmentOrders = order(
  '',
  below(
    'fulfillmentOrders',
    'FulfillmentOrder',
    '__typename id channelId createdAt updatedAt fulfillAt fulfillBy requestStatus status assignedLocation { address1 address2 city countryCode name phone province zip location { id legacyResourceId } } deliveryMethod { id maxDeliveryDateTime methodType minDeliveryDateTime } destination { id address1 address2 city company countryCode email firstName lastName phone province zip } fulfillmentHolds { id reason reasonNotes } internationalDuties { incoterm } supportedActions { action externalUrl }',
    told(
      'lineItems',
      'FulfillmentOrderLineItem',
      'id inventoryItemId remainingQuantity totalQuantity lineItem { id currentQuantity product { id legacyResourceId } variant { id legacyResourceId } }',
    ),
    told('merchantRequests', 'FulfillmentOrderMerchantRequest', 'id kind message sentAt'),
  ),
);

export const fulfillments = order(
  `fulfillments { ${dated} name status displayStatus deliveredAt estimatedDeliveryAt inTransitAt requiresShipping totalQuantity location ${link} service { id handle serviceName type } trackingInfo { company number url } originAddress { address1 address2 city countryCode provinceCode zip } }`,
);

export const orderAgreements = order(
  '',
  below(
    'agreements',
    'SalesAgreement',
    'id happenedAt reason',
    below(
      'sales',
      'Sale',
      `id actionType lineType quantity ${moneyOf('totalAmount', 'totalDiscountAmountAfterTaxes', 'totalDiscountAmountBeforeTaxes', 'totalTaxAmount')}`,
    ),
  ),
);

export const orderTransactions = order(
  `transactions { id createdAt processedAt kind status test gateway formattedGateway errorCode authorizationCode authorizationExpiresAt accountNumber paymentId manuallyCapturable multiCapturable settlementCurrency settlementCurrencyRate parentTransaction { id } fees { id rate rateName type amount { amount currencyCode } } ${moneyOf('amountSet', 'totalUnsettledSet')} }`,
);

/** What a refund is of cannot be read here: an operation that reads all rows takes no connection within a plain list. */
export const orderRefunds = order(
  `displayFinancialStatus displayFulfillmentStatus refunds { ${dated} note return { id } ${moneyOf('totalRefundedSet')} duties { originalDuty { id } amountSet ${money} } }`,
);

export const orderReturns = order(
  '',
  below(
    'returns',
    'Return',
    `id name status createdAt closedAt requestApprovedAt totalQuantity decline { note reason } returnShippingFees { id ${moneyOf('amountSet')} }`,
    below(
      'returnLineItems',
      'ReturnLineItemType',
      '__typename id quantity processedQuantity refundableQuantity refundedQuantity returnReasonNote customerNote ... on ReturnLineItem { fulfillmentLineItem { id lineItem { id } } }',
    ),
  ),
);

export const orderRisks = order(
  'risk { recommendation assessments { riskLevel provider { id title } facts { description sentiment } } }',
);

export const inventoryItems = rows(
  'InventoryItem',
  `${dated} countryCodeOfOrigin harmonizedSystemCode inventoryHistoryUrl provinceCodeOfOrigin requiresShipping sku tracked unitCost { amount currencyCode } variant { id legacyResourceId product { id legacyResourceId title } }`,
);

/** By the location, of which there are few: what changes of a level is no change of its item. */
export const inventoryLevels = rows('Location', 'id', {
  at: 'inventoryLevels',
  type: 'InventoryLevel',
  args: { text: 'query: $filter', variables: { filter: 'String!' } },
  fields: `id createdAt updatedAt canDeactivate deactivationAlert item ${link} location ${link} quantities(names: ["available", "incoming", "committed", "damaged", "on_hand", "quality_control", "reserved", "safety_stock"]) { id name quantity updatedAt }`,
});

export const collections = rows(
  'Collection',
  `${changed} description descriptionHtml handle sortOrder templateSuffix title productsCount { count precision }`,
  told('products', 'Product', 'id legacyResourceId'),
  told('publications', 'CollectionPublication', 'publishDate publication { id name }'),
);

export const locations = rows(
  'Location',
  `${dated} name activatable addressVerified deactivatable deactivatedAt deletable fulfillsOnlineOrders hasActiveInventory hasUnfulfilledOrders isActive shipsInventory address { address1 address2 city country countryCode phone province provinceCode zip } fulfillmentService { id handle serviceName type }`,
);

export const disputes = rows(
  'ShopifyPaymentsDispute',
  `id legacyResourceId initiatedAt evidenceDueBy evidenceSentOn finalizedOn status type amount { amount currencyCode } order ${link} reasonDetails { networkReasonCode reason }`,
);

export const markets = rows(
  'Market',
  'id name handle status type currencySettings { localCurrencies baseCurrency { currencyCode currencyName enabled } } priceInclusions { inclusiveDutiesPricingStrategy inclusiveTaxPricingStrategy }',
  below('catalogs', 'MarketCatalog', 'id status title'),
);

/** For a token that reaches the objects and not where they are published. */
export function withoutPublications(rows: RowSelection): RowSelection {
  return { ...rows, lists: (rows.lists ?? []).filter(({ type }) => !type.endsWith('Publication')) };
}
