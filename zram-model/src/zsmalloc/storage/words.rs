//! One word per object, and no object.

use super::initial_link;
use crate::zsmalloc::{
    class_table::ClassShape,
    handle::{Location, ZspageId},
};

/// For each class, the words of its zspages, one zspage behind the other.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    page_size: u32,
    classes: Vec<Vec<u64>>,
}

impl Words {
    pub(super) fn new(classes: usize, page_size: u32) -> Self {
        Self { page_size, classes: vec![Vec::new(); classes] }
    }

    pub(super) fn begin_zspage(&mut self, id: ZspageId, shape: &ClassShape) {
        let words = &mut self.classes[usize::from(id.class)];
        let start = id.number as usize * shape.objects as usize;
        let links = (0..shape.objects).map(|index| initial_link(index, shape, self.page_size));
        if start == words.len() {
            words.extend(links);
        } else {
            let objects = words[start..].iter_mut().take(shape.objects as usize);
            objects.zip(links).for_each(|(word, link)| *word = link);
        }
    }

    pub(super) fn word(&self, at: Location, shape: &ClassShape) -> u64 {
        self.classes[usize::from(at.zspage.class)][position(at, shape)]
    }

    pub(super) fn set_word(&mut self, at: Location, shape: &ClassShape, word: u64) {
        self.classes[usize::from(at.zspage.class)][position(at, shape)] = word;
    }
}

fn position(at: Location, shape: &ClassShape) -> usize {
    at.zspage.number as usize * shape.objects as usize + at.index as usize
}
