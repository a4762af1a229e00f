//! A column with its value in four bytes: training holds those of all mails at once, and goes through them hundreds of times.

use crate::triage::features::COLUMNS;

/// Bits of a value: sign, exponent, mantissa.
const VALUE: u32 = 11;
const MANTISSA: u32 = 6;
const EXPONENT: u32 = VALUE - MANTISSA - 1;
/// The smallest value told from 0 is twice 2 to this; the largest is just below 8.
const LEAST: i32 = -13;
/// Bits of an `f32`'s mantissa.
const SINGLE: u32 = 23;
/// What an `f32` adds to its exponent.
const BIAS: i32 = 127;

const _: () = assert!(COLUMNS <= 1 << (32 - VALUE), "a column has its place beside the value");

/// Every value there is.
static VALUES: [f32; 1 << VALUE] = {
    let mut values = [0.0; 1 << VALUE];
    let mut bits = 0;
    while bits < values.len() {
        values[bits] = value_of(bits as u32);
        bits += 1;
    }
    values
};

/// A column, and its value to about 1 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell(u32);

impl Cell {
    /// Rounds the value to the nearest there is.
    pub fn new(column: u32, value: f32) -> Self {
        Self(column << VALUE | packed(value))
    }

    /// The same value in another column.
    pub fn in_column(self, column: u32) -> Self {
        Self(column << VALUE | self.0 & ((1 << VALUE) - 1))
    }

    /// The column.
    pub fn column(self) -> u32 {
        self.0 >> VALUE
    }

    /// The value.
    pub fn value(self) -> f32 {
        VALUES.get((self.0 & ((1 << VALUE) - 1)) as usize).copied().unwrap_or(0.0)
    }
}

/// A row of columns with their values.
pub fn unpacked(row: &[Cell]) -> Vec<(u32, f32)> {
    row.iter().map(|cell| (cell.column(), cell.value())).collect()
}

fn packed(value: f32) -> u32 {
    // To the nearest: half of what is cut off is added first.
    let bits = value.to_bits().saturating_add(1 << (SINGLE - MANTISSA - 1));
    let exponent = ((bits >> SINGLE & 0xff) as i32) - BIAS - LEAST;
    let mantissa = bits >> (SINGLE - MANTISSA) & ((1 << MANTISSA) - 1);
    let most = (1 << EXPONENT) - 1;
    // The exponent 0 is kept for 0 itself.
    let magnitude = if exponent <= 0 {
        0
    } else if exponent > most {
        (most as u32) << MANTISSA | ((1 << MANTISSA) - 1)
    } else {
        (exponent as u32) << MANTISSA | mantissa
    };
    value.to_bits() >> 31 << (VALUE - 1) | magnitude
}

const fn value_of(bits: u32) -> f32 {
    let magnitude = bits & ((1 << (VALUE - 1)) - 1);
    let exponent = magnitude >> MANTISSA;
    if exponent == 0 {
        return 0.0;
    }
    let mantissa = (magnitude & ((1 << MANTISSA) - 1)) << (SINGLE - MANTISSA);
    let exponent = (exponent as i32 + LEAST + BIAS) as u32;
    f32::from_bits((bits >> (VALUE - 1)) << 31 | exponent << SINGLE | mantissa)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back_to_about_one_percent() {
        let values = [1.0, -1.0, 0.013, 0.0871, -0.42, 1.5, 0.000_3, 4.0];
        for (column, value) in [0, 5, 77, 4_000, 1 << 19, COLUMNS - 1, 9, 8].into_iter().zip(values) {
            let cell = Cell::new(column, value);
            assert_eq!(cell.column(), column);
            assert!((cell.value() - value).abs() <= value.abs() / 100.0, "{value} came back as {}", cell.value());
        }
        assert_eq!(Cell::new(3, 0.0).value(), 0.0);
        let moved = Cell::new(3, -0.42).in_column(9);
        assert_eq!((moved.column(), moved.value()), (9, Cell::new(3, -0.42).value()));
    }

    #[test]
    fn what_is_too_large_or_too_small_is_cut() {
        let large = Cell::new(1, 100.0).value();
        assert!(large > 7.8 && large < 8.0 && Cell::new(2, -100.0).value() == -large, "{large}");
        assert_eq!(Cell::new(3, 1e-9).value(), 0.0);
    }
}
