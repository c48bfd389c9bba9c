//! To be written.

use super::Route;

/// By method and path.
pub(super) const ROUTES: &[Route] = &[];
