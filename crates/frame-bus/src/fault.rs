//! Mistakes on purpose, for the controls of the models. Outside of the models there are none.

/// Whether who is asked (anything with a field `fault`) is to make this mistake.
#[cfg(pool_loom)]
macro_rules! broken {
    ($who:expr, $fault:ident) => {
        $who.fault == $crate::model::Fault::$fault
    };
}

#[cfg(not(pool_loom))]
macro_rules! broken {
    ($who:expr, $fault:ident) => {{
        let _ = &$who;
        false
    }};
}

pub(crate) use broken;
