//! What Python takes for a mapping: dicts, and objects that have entries.

use crate::value::handle::Value;
use crate::value::kind::Kind;
use crate::value::parts::Dict;

impl<'g> Value<'g> {
    /// Returns the entries of a mapping: of a dict, of an object of a class that is made from `dict` or `OrderedDict`, or of
    /// a `collections.UserDict`.
    ///
    /// An object of such a class that has no entries cannot be told from other objects: its class is not known.
    pub fn as_mapping(self) -> Option<Dict<'g>> {
        let object = match self.kind() {
            Kind::Dict(dict) => return Some(dict),
            Kind::Object(object) => object,
            _ => return None,
        };
        let entries = match object.entries().as_dict() {
            None if self.type_name() == "collections.UserDict" => {
                object.state().as_dict()?.get("data")?.as_dict()?
            }
            entries => entries?,
        };
        Some(entries.with_attributes(object.state()))
    }
}

#[cfg(test)]
mod tests {
    use crate::value::{Graph, ValueId};

    fn object(graph: &mut Graph<'_>, module: &'static str, name: &'static str) -> ValueId {
        let class = graph.global(module, name);
        graph.instance(class, [])
    }

    #[test]
    fn a_user_dict_is_one_and_other_objects_are_none() {
        let mut graph = Graph::of(());
        let data = graph.dict();
        graph.set(data, "w", 1).unwrap();
        let state = graph.dict();
        graph.put(state, "data", data).unwrap();
        for (module, is_mapping) in [("collections", true), ("mine", false)] {
            let user_dict = object(&mut graph, module, "UserDict");
            graph.set_state(user_dict, state).unwrap();
            assert_eq!(graph.find(user_dict, "w").is_some(), is_mapping);
            assert_eq!(graph.set(user_dict, "w", 2).is_ok(), is_mapping);
        }
        assert_eq!(graph.get(data).get("w").unwrap().as_i64(), Some(2));
    }
}
