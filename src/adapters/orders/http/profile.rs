//! Ready-made settings for the systems that many shops run.

use std::collections::BTreeMap;

use super::{BadPointer, JsonFields, Pointer, Scheme};
use crate::adapters::orders::fields::Field;

/// A shop system whose answers are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// WooCommerce's REST interface, version 3.
    WooCommerce,
    /// Shopify's Admin REST interface.
    Shopify,
}

/// Field and pointer.
type Places = &'static [(Field, &'static str)];

/// `date_created` is local time of the shop. Amounts of lines and delivery come without tax, which stands beside them.
/// WooCommerce itself knows neither parcels nor the day of a cancellation.
const WOOCOMMERCE: Places = &[
    (Field::Number, "/number"),
    (Field::OrderedOn, "/date_created"),
    (Field::Email, "/billing/email"),
    (Field::Postcode, "/shipping/postcode"),
    (Field::Postcode, "/billing/postcode"),
    (Field::Country, "/shipping/country"),
    (Field::Country, "/billing/country"),
    (Field::Total, "/total"),
    (Field::Currency, "/currency"),
    (Field::DeliveryCost, "/shipping_total"),
    (Field::DeliveryCost, "/shipping_tax"),
    (Field::PaymentMethod, "/payment_method"),
    (Field::Refunded, "/refunds/*/total"),
    (Field::Product, "/name"),
    (Field::Quantity, "/quantity"),
    (Field::Price, "/total"),
    (Field::Price, "/total_tax"),
];

/// A line's price is the list price before discounts: it is left out, so that nobody is promised it.
const SHOPIFY: Places = &[
    (Field::Number, "/name"),
    (Field::OrderedOn, "/created_at"),
    (Field::Email, "/email"),
    (Field::Email, "/contact_email"),
    (Field::Postcode, "/shipping_address/zip"),
    (Field::Postcode, "/billing_address/zip"),
    (Field::Country, "/shipping_address/country_code"),
    (Field::Country, "/billing_address/country_code"),
    (Field::Total, "/total_price"),
    (Field::Currency, "/currency"),
    (Field::DeliveryCost, "/total_shipping_price_set/shop_money/amount"),
    (Field::PaymentMethod, "/payment_gateway_names/0"),
    (Field::CancelledOn, "/cancelled_at"),
    (Field::Refunded, "/refunds/*/transactions/[status=success]/amount"),
    (Field::RefundedOn, "/refunds/*/created_at"),
    (Field::RefundReference, "/refunds/*/transactions/[status=success]/authorization"),
    (Field::Product, "/title"),
    (Field::Variant, "/variant_title"),
    (Field::Quantity, "/quantity"),
    (Field::ShippedOn, "/created_at"),
];

impl Profile {
    /// The profile of this name.
    pub fn from_name(text: &str) -> Option<Self> {
        match text {
            "woocommerce" => Some(Self::WooCommerce),
            "shopify" => Some(Self::Shopify),
            _ => None,
        }
    }

    /// What follows the shop's address, by number and by address.
    pub fn paths(self) -> (&'static str, &'static str) {
        match self {
            Self::WooCommerce => (
                "/wp-json/wc/v3/orders?per_page=20&search={number}",
                "/wp-json/wc/v3/orders?per_page=20&search={email}",
            ),
            Self::Shopify => (
                "/admin/api/2025-07/orders.json?status=any&limit=20&name={number}",
                "/admin/api/2025-07/orders.json?status=any&limit=20&email={email}",
            ),
        }
    }

    /// The header of the key, and how it is written into it.
    pub fn key(self) -> (&'static str, Scheme) {
        match self {
            Self::WooCommerce => ("authorization", Scheme::Basic),
            Self::Shopify => ("x-shopify-access-token", Scheme::Plain),
        }
    }

    /// Where everything stands.
    ///
    /// # Errors
    /// Never: the pointers are written above.
    pub fn fields(self) -> Result<JsonFields, BadPointer> {
        let (orders, lines, parcels, places) = match self {
            Self::WooCommerce => ("", "/line_items", None, WOOCOMMERCE),
            Self::Shopify => ("/orders", "/line_items", Some("/fulfillments/[status=success]"), SHOPIFY),
        };
        let mut values: BTreeMap<Field, Vec<Pointer>> = BTreeMap::new();
        for (field, place) in places {
            values.entry(*field).or_default().push(Pointer::parse(place)?);
        }
        Ok(JsonFields {
            orders: Pointer::parse(orders)?,
            lines: Some(Pointer::parse(lines)?),
            parcels: parcels.map(Pointer::parse).transpose()?,
            charges: None,
            values,
        })
    }
}
