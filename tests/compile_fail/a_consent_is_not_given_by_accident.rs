//! Frames of a ring that is written over are lent in place only to who says so by a call that is not safe.

fn main() {}

use pvcam::{Delivery, InPlaceConsent, Plan};

pub fn in_place(given: InPlaceConsent) -> Plan {
    #[cfg(wrong = "safe")]
    let given = InPlaceConsent::given(); //~ safe: E0133
    #[cfg(wrong = "default")]
    let given = InPlaceConsent::default(); //~ default: E0599
    #[cfg(wrong = "literal")]
    let given = InPlaceConsent { given: () }; //~ literal: E0451
    #[cfg(wrong = "nothing")]
    let _plan = Plan::continuous().delivery(Delivery::InPlace); //~ nothing: E0308
    Plan::continuous().delivery(Delivery::InPlace(given))
}
