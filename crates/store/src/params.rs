//! The values that a statement is given: `()`, a tuple, an array, a slice or a vector.

use crate::{Param, Result, ToParam};

/// A list of values for a statement's placeholders, in their order.
///
/// A tuple mixes types: `(loan_id, "EUR", None::<i64>)`. A slice of [`crate::Value`] serves lists that are
/// put together at run time.
pub trait Params: Send + Sync {
    /// How many there are.
    fn count(&self) -> usize;

    /// The value at `index`, from 0; [`Param::Null`] past the end.
    fn at(&self, index: usize) -> Param<'_>;

    /// Gives each value in turn.
    ///
    /// # Errors
    /// The first that `each` returns.
    fn visit(&self, mut each: impl FnMut(usize, Param<'_>) -> Result<()>) -> Result<()>
    where
        Self: Sized,
    {
        (0..self.count()).try_for_each(|index| each(index, self.at(index)))
    }
}

impl Params for () {
    fn count(&self) -> usize {
        0
    }

    fn at(&self, _: usize) -> Param<'_> {
        Param::Null
    }
}

impl<T: ToParam + Send + Sync> Params for [T] {
    fn count(&self) -> usize {
        self.len()
    }

    fn at(&self, index: usize) -> Param<'_> {
        self.get(index).map_or(Param::Null, ToParam::to_param)
    }
}

impl<T: ToParam + Send + Sync> Params for Vec<T> {
    fn count(&self) -> usize {
        self.len()
    }

    fn at(&self, index: usize) -> Param<'_> {
        self.as_slice().at(index)
    }
}

impl<T: ToParam + Send + Sync, const N: usize> Params for [T; N] {
    fn count(&self) -> usize {
        N
    }

    fn at(&self, index: usize) -> Param<'_> {
        self.as_slice().at(index)
    }
}

impl<P: Params + ?Sized> Params for &P {
    fn count(&self) -> usize {
        (**self).count()
    }

    fn at(&self, index: usize) -> Param<'_> {
        (**self).at(index)
    }
}

macro_rules! tuple_params {
    ($count:literal: $($place:tt $T:ident),+) => {
        impl<$($T: ToParam + Send + Sync),+> Params for ($($T,)+) {
            fn count(&self) -> usize {
                $count
            }

            fn at(&self, index: usize) -> Param<'_> {
                match index {
                    $($place => self.$place.to_param(),)+
                    _ => Param::Null,
                }
            }
        }
    };
}
tuple_params!(1: 0 A);
tuple_params!(2: 0 A, 1 B);
tuple_params!(3: 0 A, 1 B, 2 C);
tuple_params!(4: 0 A, 1 B, 2 C, 3 D);
tuple_params!(5: 0 A, 1 B, 2 C, 3 D, 4 E);
tuple_params!(6: 0 A, 1 B, 2 C, 3 D, 4 E, 5 F);
tuple_params!(7: 0 A, 1 B, 2 C, 3 D, 4 E, 5 F, 6 G);
tuple_params!(8: 0 A, 1 B, 2 C, 3 D, 4 E, 5 F, 6 G, 7 H);
tuple_params!(9: 0 A, 1 B, 2 C, 3 D, 4 E, 5 F, 6 G, 7 H, 8 I);
tuple_params!(10: 0 A, 1 B, 2 C, 3 D, 4 E, 5 F, 6 G, 7 H, 8 I, 9 J);
tuple_params!(11: 0 A, 1 B, 2 C, 3 D, 4 E, 5 F, 6 G, 7 H, 8 I, 9 J, 10 K);
tuple_params!(12: 0 A, 1 B, 2 C, 3 D, 4 E, 5 F, 6 G, 7 H, 8 I, 9 J, 10 K, 11 L);
