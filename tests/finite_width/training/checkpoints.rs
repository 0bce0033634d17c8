//! Trainers in files.

use super::*;

/// In the middle of an epoch, with moments, mini-batches and drawn transformations.
#[test]
fn a_restored_trainer_goes_on_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let mut first = augmented(turns().sampled(), 5);
    first.run(7).unwrap();
    first.set_learning_rate(0.013).unwrap();
    first.save(&path).unwrap();
    let written = std::fs::read(&path).unwrap();
    let want: Vec<f64> = (0..8).map(|_| first.step().unwrap()).collect();

    let mut second = augmented(turns().sampled(), 5);
    second.run(2).unwrap();
    second.restore(&path).unwrap();
    assert_eq!((second.steps(), second.learning_rate()), (7, 0.013));
    second.save(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), written);
    let found: Vec<f64> = (0..8).map(|_| second.step().unwrap()).collect();
    assert_eq!(found, want);
    assert_eq!(parameters(second.network()), parameters(first.network()));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn checkpoints_of_others_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let mut trainer = augmented(turns(), 5);
    trainer.run(2).unwrap();
    trainer.save(&path).unwrap();
    let before = parameters(trainer.network());
    let refuses = |trainer: &mut Trainer, part: &str| {
        let values = parameters(trainer.network());
        let error = trainer.restore(&path).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!(parameters(trainer.network()), values);
    };
    refuses(&mut augmented(turns().sampled(), 5), "items");
    refuses(&mut augmented(turns(), 6), "seed");
    refuses(&mut small(false).1.build().unwrap(), "loss");
    refuses(&mut small(true).1.build().unwrap(), "optimiser");
    assert!(matches!(
        trainer.restore(folder.path().join("none")),
        Err(Error::Io { .. })
    ));
    assert!(matches!(
        trainer.save(folder.path().join("none/file")),
        Err(Error::Io { .. })
    ));

    // Cut off, or with a byte that is another.
    let bytes = std::fs::read(&path).unwrap();
    let damaged = folder.path().join("damaged");
    for len in (0..bytes.len()).step_by(97) {
        std::fs::write(&damaged, &bytes[..len]).unwrap();
        assert!(matches!(
            trainer.restore(&damaged),
            Err(Error::InFile { .. })
        ));
    }
    for at in (0..1200.min(bytes.len())).step_by(7) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x11;
        std::fs::write(&damaged, bytes).unwrap();
        assert!(
            matches!(trainer.restore(&damaged), Err(Error::InFile { .. })),
            "{at}"
        );
    }
    trainer.restore(&path).unwrap();
    assert_eq!(parameters(trainer.network()), before);
}
