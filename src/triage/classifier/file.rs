//! The model file: small, self-describing, checked to the last byte.
//!
//! Little-endian throughout:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `GUICHETM` |
//! | 4 | schema version, [`SCHEMA`] |
//! | 4 | feature version it was trained with |
//! | 32 | SHA-256 of the corpus it was trained on |
//! | 4 + n | length and name of the task |
//! | 4 | number of classes k |
//! | 4 | threshold, f32 |
//! | 4 | bytes of the tables |
//! | … | the tables as one Zstandard frame (RFC 8878) |
//! | 32 | SHA-256 of all the bytes before |
//!
//! The tables:
//!
//! | bytes | what |
//! |---|---|
//! | … | the table of the whole mail |
//! | 4 | 1 where another table follows, else 0 |
//! | … | the table of its sentences |
//!
//! A table:
//!
//! | bytes | what |
//! |---|---|
//! | 4 · k | intercepts, f32 |
//! | 4 · k | weight of one step, a class, f32 |
//! | [`COLUMNS`] / 8 | a bit for each column, the lowest first: whether it has weights; c of the hashed ones have, f of the findings |
//! | c · k | weights in steps, i8, column by column: hundreds of them add up in a mail, and their roundings cancel out |
//! | 4 · f · k | weights of findings, f32: few, and some a hundred times as large |

use sha2::{Digest, Sha256};

use super::{Linear, Task, is_hashed};
use crate::triage::features::{COLUMNS, FEATURE_VERSION};

const MAGIC: &[u8] = b"GUICHETM";

/// Bytes of a bit for each column.
const BITMAP: usize = COLUMNS as usize / 8;

/// Version of this layout.
pub const SCHEMA: u32 = 4;

/// Most weights are small, so that a third goes; higher levels hardly take more.
const LEVEL: i32 = 19;
/// Tables larger than this are none of ours.
const LARGEST: usize = 64 << 20;

/// Why a model file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Cut short, altered, or no model at all.
    #[error("it is damaged or no model file ({0})")]
    Damaged(String),
    /// Of another layout.
    #[error("it has layout {0}, this program reads {SCHEMA}: train again")]
    Schema(u32),
    /// Trained on other features.
    #[error("it was trained with feature version {0}, this program has {FEATURE_VERSION}: train again")]
    Features(u32),
    /// For something else.
    #[error("it is a model for `{0}`")]
    Task(String),
}

/// A model with what its file says about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The model.
    pub model: Linear,
    /// SHA-256 of the corpus it was trained on.
    pub corpus: [u8; 32],
}

/// Writes a model file.
///
/// # Errors
/// When there is no memory to compress it.
pub fn write(task: Task, stored: &Stored) -> std::io::Result<Vec<u8>> {
    let model = &stored.model;
    let mut bytes = Vec::new();
    let number = |value: usize| (value as u32).to_le_bytes();
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&SCHEMA.to_le_bytes());
    bytes.extend_from_slice(&FEATURE_VERSION.to_le_bytes());
    bytes.extend_from_slice(&stored.corpus);
    bytes.extend_from_slice(&number(task.as_str().len()));
    bytes.extend_from_slice(task.as_str().as_bytes());
    bytes.extend_from_slice(&number(model.classes()));
    bytes.extend_from_slice(&model.threshold.to_le_bytes());
    let tables = tables(model);
    bytes.extend_from_slice(&number(tables.len()));
    bytes.extend_from_slice(&zstd::bulk::compress(&tables, LEVEL)?);
    let seal = Sha256::digest(&bytes);
    bytes.extend_from_slice(&seal);
    Ok(bytes)
}

fn tables(model: &Linear) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_table(model, &mut bytes);
    bytes.extend_from_slice(&u32::from(model.decisive().is_some()).to_le_bytes());
    if let Some(decisive) = model.decisive() {
        write_table(decisive, &mut bytes);
    }
    bytes
}

fn write_table(model: &Linear, bytes: &mut Vec<u8>) {
    for intercept in &model.intercepts {
        bytes.extend_from_slice(&intercept.to_le_bytes());
    }
    let steps = model.steps();
    let columns = model.columns();
    let (hashed, findings) = model.weights.split_at(columns.partition_point(is_hashed) * model.classes());
    for step in &steps {
        bytes.extend_from_slice(&step.to_le_bytes());
    }
    let mut bits = vec![0_u8; BITMAP];
    for column in columns {
        if let Some(byte) = bits.get_mut((column / 8) as usize) {
            *byte |= 1 << (column % 8);
        }
    }
    bytes.extend_from_slice(&bits);
    for row in hashed.chunks(model.classes()) {
        for (step, weight) in steps.iter().zip(row) {
            bytes.extend_from_slice(&((weight / step).round() as i8).to_le_bytes());
        }
    }
    findings.iter().for_each(|weight| bytes.extend_from_slice(&weight.to_le_bytes()));
}

/// Reads a model file for a task.
///
/// # Errors
/// When it is damaged, of another version, or for another task. Never panics, whatever the bytes.
pub fn read(task: Task, bytes: &[u8]) -> Result<Stored, ModelError> {
    let damaged = |what: &str| ModelError::Damaged(what.to_owned());
    let mut reader = Reader(bytes);
    if reader.take(MAGIC.len())? != MAGIC {
        return Err(damaged("it does not begin as one"));
    }
    let schema = reader.number()?;
    if schema != SCHEMA {
        return Err(ModelError::Schema(schema));
    }
    let sealed = bytes.len().checked_sub(32).and_then(|end| bytes.split_at_checked(end));
    if sealed.is_none_or(|(body, seal)| Sha256::digest(body).as_slice() != seal) {
        return Err(damaged("its checksum does not agree"));
    }
    let features = reader.number()?;
    if features != FEATURE_VERSION {
        return Err(ModelError::Features(features));
    }
    let corpus: [u8; 32] = reader.take(32)?.try_into().map_err(|_| damaged("no corpus"))?;
    let length = reader.number()? as usize;
    let name = reader.take(length)?;
    if name != task.as_str().as_bytes() {
        return Err(ModelError::Task(String::from_utf8_lossy(name).into_owned()));
    }
    let classes = reader.number()? as usize;
    if classes != task.classes() {
        return Err(damaged("another number of classes"));
    }
    let threshold = reader.float()?;
    let length = Some(reader.number()? as usize).filter(|length| *length <= LARGEST);
    let length = length.ok_or_else(|| damaged("its tables are too large"))?;
    let packed = reader.0.split_last_chunk::<32>().ok_or_else(|| damaged("it is cut short"))?.0;
    let tables = zstd::bulk::decompress(packed, length).map_err(|error| ModelError::Damaged(error.to_string()))?;
    let model = read_tables(&tables, classes, threshold)?;
    Ok(Stored { model, corpus })
}

fn read_tables(bytes: &[u8], classes: usize, threshold: f32) -> Result<Linear, ModelError> {
    let damaged = |what: &str| ModelError::Damaged(what.to_owned());
    let mut reader = Reader(bytes);
    let model = read_table(&mut reader, classes, threshold)?;
    let model = match reader.number()? {
        0 => model,
        1 => {
            let decisive = read_table(&mut reader, classes, 0.0)?;
            model.with_decisive(decisive).map_err(ModelError::Damaged)?
        }
        _ => return Err(damaged("too many tables")),
    };
    if reader.0.is_empty() { Ok(model) } else { Err(damaged("bytes left over")) }
}

fn read_table(reader: &mut Reader<'_>, classes: usize, threshold: f32) -> Result<Linear, ModelError> {
    let intercepts = reader.floats(classes)?;
    let steps = reader.floats(classes)?;
    let bits = reader.take(BITMAP)?;
    // Most bytes are empty, and a million columns are to be asked after for each table.
    let filled = (0..).step_by(8).zip(bits).filter(|(_, byte)| **byte != 0);
    let columns: Vec<u32> = filled
        .flat_map(|(first, byte)| (0..8).filter(move |bit| byte & (1 << bit) != 0).map(move |bit| first + bit))
        .collect();
    let hashed = columns.partition_point(is_hashed);
    let weights = reader.words::<1>(hashed * classes)?.zip(steps.iter().cycle());
    let mut weights: Vec<f32> = weights.map(|(cell, step)| f32::from(i8::from_le_bytes(cell)) * step).collect();
    weights.extend(reader.floats((columns.len() - hashed) * classes)?);
    Linear::new(&columns, weights, intercepts, threshold).map_err(ModelError::Damaged)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], ModelError> {
        let (taken, rest) =
            self.0.split_at_checked(length).ok_or_else(|| ModelError::Damaged("it is cut short".into()))?;
        self.0 = rest;
        Ok(taken)
    }

    fn words<const N: usize>(&mut self, count: usize) -> Result<impl Iterator<Item = [u8; N]> + 'a, ModelError> {
        let length = count.checked_mul(N).ok_or_else(|| ModelError::Damaged("too large".into()))?;
        Ok(self.take(length)?.as_chunks::<N>().0.iter().copied())
    }

    fn number(&mut self) -> Result<u32, ModelError> {
        Ok(self.words::<4>(1)?.map(u32::from_le_bytes).sum())
    }

    fn float(&mut self) -> Result<f32, ModelError> {
        Ok(self.floats(1)?.into_iter().sum())
    }

    fn floats(&mut self, count: usize) -> Result<Vec<f32>, ModelError> {
        Ok(self.words::<4>(count)?.map(f32::from_le_bytes).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored() -> Stored {
        let model = Linear::new(&[3, 70_000], vec![1.5, -2.0, 0.25, 0.5, 0.0, 4.0], vec![0.1, 0.2, -3.0], 0.55);
        let decisive = Linear::new(&[COLUMNS - 1], vec![7.0, 8.0, -9.0], vec![-0.5, 0.25, 1.0], 0.0);
        Stored { model: model.unwrap().with_decisive(decisive.unwrap()).unwrap(), corpus: [7; 32] }
    }

    #[test]
    fn a_model_comes_back_as_it_was_written() {
        let before = stored();
        let after = read(Task::Intent, &write(Task::Intent, &before).unwrap()).unwrap();
        assert_eq!((after.corpus, after.model.threshold), (before.corpus, before.model.threshold));
        let pairs =
            [(&before.model, &after.model), (before.model.decisive().unwrap(), after.model.decisive().unwrap())];
        for (before, after) in pairs {
            assert_eq!(after.columns(), before.columns());
            assert_eq!((&after.intercepts, after.threshold), (&before.intercepts, before.threshold));
            for column in before.columns() {
                for (was, is) in before.row(column).unwrap().iter().zip(after.row(column).unwrap()) {
                    assert!((was - is).abs() < 0.02, "{was} {is}");
                    assert!(is_hashed(&column) || was == is, "{was} {is}");
                }
            }
        }
    }

    #[test]
    fn a_broken_file_is_an_error_never_a_panic() {
        let good = write(Task::Intent, &stored()).unwrap();
        let places = || 0..good.len();
        for length in places() {
            assert!(read(Task::Intent, good.get(..length).unwrap()).is_err());
        }
        for at in places() {
            let mut bad = good.clone();
            *bad.get_mut(at).unwrap() ^= 0x55;
            assert!(read(Task::Intent, &bad).is_err(), "byte {at}");
        }
        assert_eq!(read(Task::Anger, &good).unwrap_err(), ModelError::Task("intent".into()));
    }

    #[test]
    fn a_model_of_one_look_comes_back_too() {
        let model = Linear::new(&[3, 64], vec![1.0, 2.0], vec![0.5], 0.4).unwrap();
        let bytes = write(Task::Product, &Stored { model, corpus: [1; 32] }).unwrap();
        let after = read(Task::Product, &bytes).unwrap();
        assert!(after.model.decisive().is_none() && after.model.columns() == [3, 64]);
    }

    #[test]
    fn a_sealed_lie_is_no_panic() {
        let good = write(Task::Intent, &stored()).unwrap();
        let body = good.len() - 32;
        let sealed = |mut bytes: Vec<u8>| {
            let seal = Sha256::digest(&bytes);
            bytes.extend_from_slice(&seal);
            read(Task::Intent, &bytes)
        };
        for at in 0..body {
            let mut bad = good.get(..body).unwrap().to_vec();
            *bad.get_mut(at).unwrap() ^= 0x55;
            let _ = sealed(bad);
            assert!(sealed(good.get(..at).unwrap().to_vec()).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn tables_that_lie_are_no_panic() {
        let good = tables(&stored().model);
        assert!(read_tables(&good, 3, 0.5).is_ok());
        // Most of it is empty bitmap: every byte about its ends, one in four hundred between.
        for at in (0..good.len()).filter(|at| *at < 300 || at % 401 == 0 || good.len() - at < 300) {
            let mut bad = good.clone();
            *bad.get_mut(at).unwrap() ^= 0x55;
            let _ = read_tables(&bad, 3, 0.5);
            assert!(read_tables(good.get(..at).unwrap(), 3, 0.5).is_err(), "cut at {at}");
        }
        // 12 bytes of intercepts, 12 of steps, the bitmap, one finding's row: before that, the number of tables.
        let more = good.len() - (24 + BITMAP + 12) - 4;
        for number in [0, 2] {
            let mut bad = good.clone();
            bad.get_mut(more..more + 4).unwrap().copy_from_slice(&u32::to_le_bytes(number));
            assert!(read_tables(&bad, 3, 0.5).is_err(), "{number} more tables");
        }
    }
}
