//! Variants of enums: a str, or a dict of the variant's name to what it holds.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, VariantAccess, Visitor};

use crate::checkpoint::shape::Shape;
use crate::checkpoint::typed::Problem;
use crate::checkpoint::typed::decode::{Decoder, nothing};

/// A variant: its name, and what it holds.
pub(super) struct Variant<'s, 'c> {
    name: &'c str,
    content: Option<Decoder<'s, 'c>>,
}

impl<'s, 'c> Variant<'s, 'c> {
    pub(super) fn new(decoder: Decoder<'s, 'c>) -> Result<Self, Problem> {
        match decoder.shape()? {
            Shape::Str(name) => Ok(Variant { name, content: None }),
            Shape::Dict(entries) if entries.len() == 1 => {
                let (key, value) = entries.get_index(0).ok_or_else(|| not_one(decoder))?;
                let name = key.as_str().ok_or_else(|| not_one(decoder))?;
                Ok(Variant { name, content: Some(decoder.of(value)) })
            }
            _ => Err(not_one(decoder)),
        }
    }

    fn content(self, kind: &str) -> Result<Decoder<'s, 'c>, Problem> {
        let missing = || Problem::new(format!("the variant `{}` is {kind}", self.name));
        self.content.ok_or_else(missing)
    }
}

fn not_one(decoder: Decoder<'_, '_>) -> Problem {
    let name = decoder.value.type_name();
    Problem::new(format!("a variant is a str or a dict with one entry, and this is a {name}"))
}

impl<'s, 'c> EnumAccess<'c> for Variant<'s, 'c> {
    type Error = Problem;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'c>>(self, seed: V) -> Result<(V::Value, Self), Problem> {
        let name = BorrowedStrDeserializer::<Problem>::new(self.name);
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'c> VariantAccess<'c> for Variant<'_, 'c> {
    type Error = Problem;

    fn unit_variant(self) -> Result<(), Problem> {
        let name = self.name;
        let within = Problem::within(|| name.into());
        self.content.map_or(Ok(()), |content| nothing(content).map_err(within))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'c>>(self, seed: T) -> Result<T::Value, Problem> {
        let within = Problem::within(|| self.name.into());
        seed.deserialize(self.content("not without a value")?).map_err(within)
    }

    fn tuple_variant<V: Visitor<'c>>(self, _: usize, visitor: V) -> Result<V::Value, Problem> {
        let within = Problem::within(|| self.name.into());
        self.content("a tuple")?.deserialize_seq(visitor).map_err(within)
    }

    fn struct_variant<V: Visitor<'c>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let within = Problem::within(|| self.name.into());
        self.content("a dict")?.deserialize_struct("", fields, visitor).map_err(within)
    }
}
