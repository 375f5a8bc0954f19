//! Two ways of saying which traits a type has, checked by the compiler.

/// `yes!(Type: Trait + Trait)` compiles if the type has all the traits.
macro_rules! yes {
    ($type:ty: $($bound:tt)+) => {
        const _: () = {
            const fn has<T: ?Sized + $($bound)+>() {}
            has::<$type>();
        };
    };
}

/// `no!(Type: Trait, Trait)` compiles if the type has none of the traits: one that it has makes the call ambiguous.
macro_rules! no {
    ($type:ty: $($bound:path),+) => {
        $(const _: () = {
            trait Either<Marker> {
                const SOME: () = ();
            }
            struct Without;
            struct With;
            impl<T: ?Sized> Either<Without> for T {}
            impl<T: ?Sized + $bound> Either<With> for T {}
            <$type as Either<_>>::SOME
        };)+
    };
}
