//! One captured frame, as sources hand it over.
pub use wire::Frame;
