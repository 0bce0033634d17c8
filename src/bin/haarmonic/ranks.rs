//! The processes that compute one matrix together. There is one process unless `mpirun` has started several.

use haarmonic::predict::Processes;
use haarmonic::store::Share;
use haarmonic::{Error, Result};

/// The place of this process among all processes.
pub struct Ranks {
    #[cfg(feature = "mpi")]
    universe: Option<mpi::environment::Universe>,
}

impl Ranks {
    /// Joins the processes that a launcher of MPI has started. Without a launcher, MPI is not initialised.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if MPI does not start, or if a program without MPI runs as one of several processes.
    pub fn join() -> Result<Ranks> {
        #[cfg(feature = "mpi")]
        {
            const LAUNCHERS: [&str; 3] = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"];
            let launched = LAUNCHERS
                .iter()
                .any(|name| std::env::var_os(name).is_some());
            let universe = launched.then(start).flatten();
            if launched && universe.is_none() {
                return Err(failed("MPI did not start", "a working installation of MPI"));
            }
            Ok(Ranks { universe })
        }
        #[cfg(not(feature = "mpi"))]
        {
            let size = std::env::var("OMPI_COMM_WORLD_SIZE").ok();
            match size.and_then(|size| size.parse::<usize>().ok()) {
                Some(size) if size > 1 => Err(failed(
                    &format!("{size} processes, and a program without MPI"),
                    "a build with --features mpi, or one process",
                )),
                _ => Ok(Ranks {}),
            }
        }
    }

    /// Returns the share of tiles of this process.
    pub fn share(&self) -> Result<Share> {
        let [rank, size] = self.place();
        Share::new(rank, size)
    }

    /// Returns whether there is more than one process.
    pub fn several(&self) -> bool {
        self.place()[1] > 1
    }

    /// Returns whether this process is the first one, which prints and writes for all.
    pub fn is_first(&self) -> bool {
        self.place()[0] == 0
    }

    /// Whether all processes have an equal number.
    pub fn have_equal(&self, number: usize) -> Result<bool> {
        let [rank, size] = self.place();
        let mut numbers = vec![0.0; size];
        numbers[rank] = number as f64;
        self.sum(&mut numbers)?;
        Ok(numbers.iter().all(|other| *other == numbers[0]))
    }

    /// Waits for all processes, and returns an error if one of them has failed.
    pub fn agree<T>(&self, result: Result<T>) -> Result<T> {
        if !self.all(result.is_ok()) && result.is_ok() {
            return Err(failed(
                "an error of another process",
                "all processes to succeed; it has said why",
            ));
        }
        result
    }

    /// The index of this process, and the number of processes.
    #[cfg(feature = "mpi")]
    fn place(&self) -> [usize; 2] {
        use mpi::traits::Communicator;
        match &self.universe {
            None => [0, 1],
            Some(universe) => {
                let world = universe.world();
                [world.rank() as usize, world.size() as usize]
            }
        }
    }

    /// Whether all processes are well; waits for each.
    #[cfg(feature = "mpi")]
    fn all(&self, well: bool) -> bool {
        use mpi::traits::CommunicatorCollectives;
        let Some(universe) = &self.universe else {
            return well;
        };
        let mut least = 0_u8;
        let minimum = mpi::collective::SystemOperation::min();
        universe
            .world()
            .all_reduce_into(&u8::from(well), &mut least, minimum);
        least == 1
    }

    #[cfg(not(feature = "mpi"))]
    fn place(&self) -> [usize; 2] {
        [0, 1]
    }

    #[cfg(not(feature = "mpi"))]
    fn all(&self, well: bool) -> bool {
        well
    }
}

/// Starts MPI for calls from the main thread, beside which other threads compute.
#[cfg(feature = "mpi")]
fn start() -> Option<mpi::environment::Universe> {
    mpi::initialize_with_threading(mpi::Threading::Funneled).map(|(universe, _)| universe)
}

impl Processes for Ranks {
    fn place(&self) -> [usize; 2] {
        Ranks::place(self)
    }

    #[cfg(feature = "mpi")]
    fn sum(&self, values: &mut [f64]) -> Result<()> {
        use mpi::traits::CommunicatorCollectives;
        /// MPI counts by 32-bit numbers.
        const AT_A_TIME: usize = 1 << 27;
        let Some(universe) = &self.universe else {
            return Ok(());
        };
        for values in values.chunks_mut(AT_A_TIME) {
            let sent = values.to_vec();
            let sum = mpi::collective::SystemOperation::sum();
            universe
                .world()
                .all_reduce_into(&sent[..], &mut values[..], sum);
        }
        Ok(())
    }

    #[cfg(not(feature = "mpi"))]
    fn sum(&self, _values: &mut [f64]) -> Result<()> {
        Ok(())
    }
}

fn failed(found: &str, expected: &str) -> Error {
    Error::invalid("processes", found, expected)
}
