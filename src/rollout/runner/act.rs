//! What each action does to Incus and HAProxy. Every one may be done again after it was cut off anywhere.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::look::Look;
use super::{PAUSE, Runner, Trouble, Work};
use crate::incus::{self, Instance, InstanceName, Settings, Status};
use crate::interrupt::Interrupt;
use crate::rollout::contract::Kept;
use crate::rollout::event::{Event, Step};
use crate::rollout::instance::{Attachments, commit, marks, new_container};
use crate::rollout::journal::Kind;
use crate::rollout::keep::{self, Prepared, Volume, Way};
use crate::rollout::swap::{Action, Goal};
use crate::ui::Bytes;

/// How long Incus may take to make a container of an image.
const CREATION: Duration = Duration::from_secs(600);
/// How long a unit may take to stop, and the rest of a volume to be copied.
const VOLUME: Duration = Duration::from_secs(300);

impl Runner<'_> {
    pub(super) fn act(&self, work: &mut Work<'_>, action: &Action, look: &Look) -> Result<(), Trouble> {
        let view = &look.view;
        match action {
            Action::Wait(_) | Action::Turn(_) | Action::Stop(_) => {}
            Action::Stage => {
                self.stage(work, look)?;
                work.is_surveyed = true;
            }
            Action::Drain => {
                if !std::mem::replace(&mut work.is_surveyed, true) {
                    self.survey(work, look)?;
                }
                self.balance.drain(view, &work.target)?;
            }
            Action::GiveBack | Action::Ready => self.balance.ready(view, &work.target)?,
            Action::Maintain => {
                self.balance.maintain(view, &work.target)?;
                self.balance.cut(view, &work.target)?;
            }
            Action::Halt => self.halt(work, look)?,
            Action::Carry => self.carry(work, look)?,
            Action::Detach => self.detach(work, look)?,
            Action::MoveAside => self.move_aside(work, look)?,
            Action::MoveIn => self.client.rename_instance(&entering(self, work, look)?.name, &work.names.live)?,
            Action::Attach => self.attach(work, look)?,
            Action::Recheck => {
                self.wake(work, look)?;
                self.balance.recheck(view, &work.target)?;
            }
            Action::Start => {
                work.started = Some(Instant::now());
                self.client.start(&work.names.live)?;
            }
            Action::Complete => {
                let entering = entering(self, work, look)?;
                keep::complete(self.client, entering, unit_of(entering).as_deref())?;
            }
            Action::Prove => self.mark(&work.names.live, &mut |settings| {
                settings.config.remove(marks::TRIAL);
            })?,
            Action::Commit => self.commit(work, look)?,
        }
        Ok(())
    }

    pub(super) fn note(&self, work: &Work<'_>, text: String) {
        (self.audience)(&Event::Note { instance: work.instance.as_str(), text });
    }

    fn mark(&self, container: &InstanceName, change: &mut dyn FnMut(&mut Settings)) -> incus::Result<()> {
        self.client.change_instance(container, change)
    }

    /// Makes the container that comes, or takes the one that was kept; and fills what can be filled while the other serves.
    fn stage(&self, work: &Work<'_>, look: &Look) -> Result<(), Trouble> {
        let live = look.containers.live.as_ref().ok_or_else(|| gone(&work.names.live))?;
        let id = &self.journal.id;
        let incoming = match self.journal.kind {
            Kind::Rollout => {
                self.clear_next(work, look)?;
                let image = self.image().ok_or_else(|| Trouble::Refused("the journal names no image".to_owned()))?;
                let new = new_container(live, &work.names.next, &image, id);
                self.client.create_instance(&new, CREATION)?;
                &work.names.next
            }
            Kind::Rollback => {
                self.mark(&work.names.prev, &mut |settings| {
                    marks::clear(&mut settings.config);
                    let instance = work.names.live.to_string();
                    settings.config.extend([
                        (marks::INSTANCE.to_owned(), instance),
                        (marks::INCOMING.to_owned(), id.clone()),
                        (marks::TRIAL.to_owned(), "yes".to_owned()),
                    ]);
                })?;
                &work.names.prev
            }
        };
        let ways = self.ways(work, live)?;
        let mut carried: Vec<_> =
            ways.iter().filter(|(_, way)| matches!(way, Way::Carry)).map(|(kept, _)| kept.path.clone()).collect();
        for volume in volumes(ways) {
            let progress = |done, total| {
                let detail = format!("copying `{}`: {} of {}", volume.path, Bytes(done), Bytes(total));
                self.progress(work, Step::Stage, detail);
            };
            let prepared = keep::prepare(self.client, &live.name, incoming, &volume, &progress)?;
            if let Prepared::CannotMake(reason) = prepared {
                let text = format!("`{}` is carried, since no volume can be made for it: {reason}", volume.path);
                self.note(work, text);
                carried.push(volume.path);
            }
        }
        // One that has stopped of itself cannot be looked into.
        if live.status == Status::Running {
            keep::survey(self.client, &live.name, &carried)?;
        }
        self.mark(incoming, &mut |settings| {
            settings.config.insert(marks::STAGED.to_owned(), id.clone());
        })?;
        Ok(())
    }

    /// Looks once more at what will be carried, where another process has staged it: days may have passed.
    fn survey(&self, work: &Work<'_>, look: &Look) -> Result<(), Trouble> {
        let is_leaving = *work.swap.goal() == Goal::Forward;
        let Some(live) = look.containers.live.as_ref().filter(|live| is_leaving && live.status == Status::Running)
        else {
            return Ok(());
        };
        let carried = |(kept, way)| match way {
            Way::Carry => Some(kept),
            // Where no volume could be made, its directory is carried.
            Way::Volume(ref volume) => (!live.devices.contains_key(&volume.device)).then_some(kept),
            Way::Elsewhere { .. } => None,
        };
        let paths: Vec<_> =
            self.ways(work, live)?.into_iter().filter_map(carried).map(|kept: Kept| kept.path).collect();
        Ok(keep::survey(self.client, &live.name, &paths)?)
    }

    /// Removes what an earlier swap has left beside the instance.
    fn clear_next(&self, work: &Work<'_>, look: &Look) -> Result<(), Trouble> {
        let Some(next) = &look.containers.next else { return Ok(()) };
        if !marks::belongs_to(next, &work.names.live) {
            let why = format!("`{}` is there, and was not made by vezaimg: rename or delete it", next.name);
            return Err(Trouble::Refused(why));
        }
        if next.status != Status::Stopped {
            self.client.kill(&next.name)?;
        }
        // The daemon goes on with what a killed run has begun, and says that it is busy until that is made.
        let (begun, is_busy) = (Instant::now(), |cause: &String| cause.contains("Instance is busy"));
        loop {
            match self.client.delete_instance(&next.name) {
                Err(failure) if failure.causes().iter().any(is_busy) && begun.elapsed() < CREATION => sleep(PAUSE),
                outcome => return Ok(outcome?),
            }
        }
    }

    /// How each kept path gets over; what the contract of the container that comes wants kept.
    fn ways(&self, work: &Work<'_>, leaving: &Instance) -> Result<Vec<(Kept, Way)>, Trouble> {
        let kept = self.contracts.get(work.instance).map(|contract| contract.keep.as_slice()).unwrap_or_default();
        Ok(keep::ways(self.client, leaving, kept, self.pool.keep_volumes)?)
    }

    fn halt(&self, work: &Work<'_>, look: &Look) -> Result<(), Trouble> {
        let leaving = look.containers.live.as_ref().ok_or_else(|| gone(&work.names.live))?;
        self.mark(&leaving.name, &mut |settings| {
            let instance = work.names.live.to_string();
            settings.config.insert(marks::INSTANCE.to_owned(), instance);
            settings.config.insert(marks::TRIAL.to_owned(), "yes".to_owned());
            settings.config.insert(marks::HALTED.to_owned(), self.journal.id.clone());
        })?;
        if *work.swap.goal() == Goal::Forward {
            self.finish_volumes(work, leaving)?;
        }
        self.halt_container(&leaving.name)
    }

    fn halt_container(&self, name: &InstanceName) -> Result<(), Trouble> {
        match self.client.stop(name, self.pool.pace.stop) {
            Err(failure) if failure.kind() == incus::Kind::TimedOut => Ok(self.client.kill(name)?),
            other => Ok(other?),
        }
    }

    /// Starts the service of a container that serves again before it was stopped: its unit may have been.
    fn wake(&self, work: &Work<'_>, look: &Look) -> Result<(), Trouble> {
        let Ok(entering) = entering(self, work, look) else { return Ok(()) };
        let is_halted = marks::has(entering, marks::HALTED, &self.journal.id) && entering.status == Status::Running;
        match unit_of(entering).filter(|_| is_halted && *work.swap.goal() != Goal::Forward) {
            Some(unit) => Ok(keep::service::start(self.client, &entering.name, &unit)?),
            None => Ok(()),
        }
    }

    /// Copies to volumes what was written since they were filled.
    fn finish_volumes(&self, work: &Work<'_>, leaving: &Instance) -> Result<(), Trouble> {
        for volume in volumes(self.ways(work, leaving)?) {
            // Where no volume could be made, its directory is carried.
            if leaving.devices.contains_key(&volume.device) && !keep::is_whole(leaving, &volume) {
                let unit = unit_of(leaving);
                keep::finish(self.client, &leaving.name, unit.as_deref(), &volume, VOLUME)?;
            }
        }
        Ok(())
    }

    fn carry(&self, work: &Work<'_>, look: &Look) -> Result<(), Trouble> {
        let entering = entering(self, work, look)?;
        let leaving = leaving(self, work, look)?;
        for (kept, way) in self.ways(work, leaving)? {
            match way {
                Way::Elsewhere { .. } => continue,
                Way::Volume(volume) if keep::is_whole(leaving, &volume) => {
                    keep::settle(self.client, &leaving.name, &entering.name, &volume)?;
                    continue;
                }
                // It stopped of itself, before its volume was whole.
                Way::Volume(volume) => keep::abandon(self.client, &leaving.name, &entering.name, &volume)?,
                Way::Carry => {}
            }
            // It is not broken off: the instance is out of rotation.
            let never = Interrupt::default();
            let carried = keep::carry(self.client, &leaving.name, &entering.name, &kept.path, &never)?;
            for path in carried.skipped {
                self.note(work, format!("`{path}` is no file, and was not carried"));
            }
        }
        self.mark(&entering.name, &mut |settings| {
            settings.config.insert(marks::CARRIED.to_owned(), self.journal.id.clone());
        })?;
        Ok(())
    }

    fn detach(&self, work: &Work<'_>, look: &Look) -> Result<(), Trouble> {
        let leaving = leaving(self, work, look)?;
        let attachments = Attachments::of(leaving);
        self.mark(&leaving.name, &mut |settings| {
            settings.config.insert(marks::INSTANCE.to_owned(), work.names.live.to_string());
            settings.config.insert(marks::HALTED.to_owned(), self.journal.id.clone());
            attachments.take_from(settings);
        })?;
        Ok(())
    }

    fn attach(&self, work: &Work<'_>, look: &Look) -> Result<(), Trouble> {
        let entering = entering(self, work, look)?;
        let noted = leaving(self, work, look).ok().and_then(Attachments::noted);
        let attachments = noted.or_else(|| Attachments::noted(entering)).ok_or_else(|| {
            let key = marks::DETACHED;
            Trouble::Refused(format!("the network interfaces of `{}` are not noted in its `{key}`", entering.name))
        })?;
        self.mark(&entering.name, &mut |settings| attachments.give_devices_to(settings))?;
        self.mark(&entering.name, &mut |settings| attachments.give_to(settings))?;
        Ok(())
    }

    fn move_aside(&self, work: &Work<'_>, look: &Look) -> Result<(), Trouble> {
        let leaving = leaving(self, work, look)?;
        let is_incoming = marks::has(leaving, marks::INCOMING, &self.journal.id);
        let home = look.containers.home(self.journal.kind, is_incoming);
        // Of an attach that was cut off, this one may have them: no two may.
        let attachments = Attachments::of(leaving);
        if attachments.is_any() {
            self.mark(&leaving.name, &mut |settings| attachments.mask(&mut settings.devices))?;
        }
        if *home == work.names.next {
            self.clear_next(work, look)?;
        } else if look.containers.prev.is_some() {
            let number = self.shelf(work)?.first().map_or(2, |(number, _)| number + 1);
            let shelf = work.names.prev.beside(&number.to_string());
            let too_long = || Trouble::Refused(format!("`{}-{number}` is too long a name", work.names.prev));
            self.client.rename_instance(&work.names.prev, &shelf.ok_or_else(too_long)?)?;
        }
        Ok(self.client.rename_instance(&leaving.name, home)?)
    }

    /// The containers from long before, the newest first.
    fn shelf(&self, work: &Work<'_>) -> Result<Vec<(u32, InstanceName)>, Trouble> {
        let all = self.client.instances()?.into_iter();
        let ours =
            all.filter(|container| marks::belongs_to(container, &work.names.live)).map(|container| container.name);
        let mut shelf: Vec<_> = ours.filter_map(|name| Some((work.names.shelf(&name)?, name))).collect();
        shelf.sort_unstable_by(|one, other| other.cmp(one));
        Ok(shelf)
    }

    /// Notes what became live. What else there is to be tidied must not fail a swap that has ended.
    fn commit(&self, work: &Work<'_>, look: &Look) -> Result<(), Trouble> {
        if *work.swap.goal() == Goal::Forward {
            let now = self.client.now()?;
            self.mark(&work.names.live, &mut |settings| commit(&mut settings.config, &self.journal.id, now))?;
        } else if let Some(live) = &look.containers.live
            && let Err(trouble) = self.abandon_volumes(work, live)
        {
            self.note(work, format!("what was copied for the new container stays beside it: {}", trouble.why()));
        }
        if look.containers.prev.is_none()
            && let Err(trouble) = self.bring_back_newest(work)
        {
            let text = format!("the container from before cannot become `{}`: {}", work.names.prev, trouble.why());
            self.note(work, text);
        }
        Ok(())
    }

    /// What was written since the copy is in the directory, not on the volume.
    fn abandon_volumes(&self, work: &Work<'_>, live: &Instance) -> Result<(), Trouble> {
        for volume in volumes(self.ways(work, live)?) {
            keep::abandon(self.client, &live.name, &work.names.next, &volume)?;
        }
        Ok(())
    }

    /// The newest of those kept from long before is the way back where there is no other.
    fn bring_back_newest(&self, work: &Work<'_>) -> Result<(), Trouble> {
        match self.shelf(work)?.into_iter().next() {
            Some((_, newest)) => Ok(self.client.rename_instance(&newest, &work.names.prev)?),
            None => Ok(()),
        }
    }

    /// Takes the notes of an operation that is over. What is left of them harms nobody.
    pub(super) fn tidy(&self, work: &Work<'_>) {
        for name in [&work.names.live, &work.names.next, &work.names.prev] {
            if let Ok(Some(_)) = self.client.instance(name) {
                let _ = self.mark(name, &mut |settings| marks::clear(&mut settings.config));
            }
        }
    }

    /// What a person needs to see why the container that comes failed.
    pub(super) fn evidence(&self, work: &Work<'_>) -> Vec<String> {
        let Ok(Some(live)) = self.client.instance(&work.names.live) else { return Vec::new() };
        let comes = marks::has(&live, marks::INCOMING, &self.journal.id) && live.status == Status::Running;
        if comes { work.probe.evidence(&live.name) } else { Vec::new() }
    }
}

/// The container that is to serve, and the one that is to make room.
fn parties<'l>(runner: &Runner<'_>, work: &Work<'_>, look: &'l Look) -> [Option<&'l Instance>; 2] {
    let sides = look.containers.sides(runner.journal.kind, &runner.journal.id);
    match work.swap.goal() {
        Goal::Forward => [sides.incoming, sides.outgoing],
        Goal::Restore(_) => [sides.outgoing, sides.incoming],
    }
}

fn entering<'l>(runner: &Runner<'_>, work: &Work<'_>, look: &'l Look) -> Result<&'l Instance, Trouble> {
    parties(runner, work, look)[0].ok_or_else(|| gone(&work.names.live))
}

fn leaving<'l>(runner: &Runner<'_>, work: &Work<'_>, look: &'l Look) -> Result<&'l Instance, Trouble> {
    parties(runner, work, look)[1].ok_or_else(|| gone(&work.names.live))
}

fn gone(name: &InstanceName) -> Trouble {
    Trouble::Refused(format!("a container of `{name}` is gone"))
}

fn volumes(ways: Vec<(Kept, Way)>) -> Vec<Volume> {
    let volume = |(_, way)| match way {
        Way::Volume(volume) => Some(volume),
        Way::Carry | Way::Elsewhere { .. } => None,
    };
    ways.into_iter().filter_map(volume).collect()
}

/// The unit that writes into the volume: that of the image the container was made of.
fn unit_of(container: &Instance) -> Option<String> {
    let unit = container.property("vezaimg.unit")?;
    crate::unit::is_service_name(unit).then(|| unit.to_owned())
}
