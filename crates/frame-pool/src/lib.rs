//! Preallocated frame memory, lent as leases: readers borrow the very slot the camera wrote.
