//! Connections as Arrow columns, handed over through the Arrow PyCapsule interface.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, to_ffi};
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatchOptions, StructArray};
use arrow_schema::{DataType, Field, Schema};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyString};
use track::Connection;

use crate::columns::{Column, Kind};
use crate::error::{Error, Result};

/// One Arrow record batch.
#[pyclass(frozen, module = "podwire.capture._core")]
pub(crate) struct RecordBatch(pub(crate) arrow_array::RecordBatch);

#[pymethods]
impl RecordBatch {
    /// (schema, array), as the Arrow PyCapsule interface wants them. The requested schema is a wish that may be left.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
        let _ = requested_schema;
        let (array, schema) = export(&self.0)?;
        Ok((
            PyCapsule::new_with_value(py, schema, c"arrow_schema")?,
            PyCapsule::new_with_value(py, array, c"arrow_array")?,
        ))
    }

    fn __len__(&self) -> usize {
        self.0.num_rows()
    }

    /// A dictionary a row. For a few rows that spares the time to import what reads the columns.
    fn to_rows<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let schema = self.0.schema();
        let names: Vec<_> = schema.fields().iter().map(|field| PyString::new(py, field.name())).collect();
        let row = |number| {
            let row = PyDict::new(py);
            for (name, column) in names.iter().zip(self.0.columns()) {
                row.set_item(name, cell(py, column, number)?)?;
            }
            Ok(row)
        };
        (0..self.0.num_rows()).map(row).collect()
    }
}

/// One value of a column of the types that [`build`] makes.
fn cell<'py>(py: Python<'py>, column: &ArrayRef, row: usize) -> PyResult<Option<Bound<'py, PyAny>>> {
    if column.is_null(row) {
        return Ok(None);
    }
    let cell = match column.data_type() {
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into_bound_py_any(py)?,
        DataType::Boolean => column.as_boolean().value(row).into_bound_py_any(py)?,
        _ => PyString::new(py, column.as_string::<i32>().value(row)).into_any(),
    };
    Ok(Some(cell))
}

fn export(batch: &arrow_array::RecordBatch) -> Result<(FFI_ArrowArray, FFI_ArrowSchema)> {
    to_ffi(&StructArray::from(batch.clone()).to_data()).map_err(|error| Error::Capture(error.to_string()))
}

/// Makes a batch of these columns of the rows, in their order. `sources` are the sources' names by number.
pub(crate) fn build(
    columns: &[&'static Column],
    rows: &[Connection],
    sources: &[String],
) -> Result<arrow_array::RecordBatch> {
    let arrays: Vec<ArrayRef> = columns.iter().map(|column| array(column.kind, rows, sources)).collect();
    let fields: Vec<Field> = columns.iter().map(|column| Field::new(column.name, type_of(column.kind), true)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    arrow_array::RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
        .map_err(|error| Error::Capture(error.to_string()))
}

fn type_of(kind: Kind) -> DataType {
    match kind {
        Kind::Number(_) => DataType::Int64,
        Kind::Flag(_) => DataType::Boolean,
        Kind::Address(_) | Kind::Word(_) | Kind::Source => DataType::Utf8,
    }
}

fn array(kind: Kind, rows: &[Connection], sources: &[String]) -> ArrayRef {
    match kind {
        Kind::Number(read) => {
            // Times reach 63 bits in the year 2262.
            let signed = |row| read(row).map(|value| i64::try_from(value).unwrap_or(i64::MAX));
            Arc::new(rows.iter().map(signed).collect::<Int64Array>())
        }
        Kind::Flag(read) => Arc::new(rows.iter().map(|row| Some(read(row))).collect::<BooleanArray>()),
        Kind::Address(read) => texts(rows, |row, out| match read(row) {
            Some(address) => {
                // Writing to memory cannot fail.
                let _ = std::fmt::Write::write_fmt(out, format_args!("{address}"));
                true
            }
            None => false,
        }),
        Kind::Word(read) => texts(rows, |row, out| read(row).inspect(|word| out.push_str(word)).is_some()),
        Kind::Source => {
            texts(rows, |row, out| sources.get(usize::from(row.source)).inspect(|name| out.push_str(name)).is_some())
        }
    }
}

/// A column of text. `write` appends a row's text, or returns false where there is none.
fn texts(rows: &[Connection], write: impl Fn(&Connection, &mut String) -> bool) -> ArrayRef {
    let mut builder = StringBuilder::with_capacity(rows.len(), rows.len() * 12);
    let mut text = String::new();
    for row in rows {
        text.clear();
        let known = write(row, &mut text);
        builder.append_option(known.then_some(text.as_str()));
    }
    Arc::new(builder.finish())
}
