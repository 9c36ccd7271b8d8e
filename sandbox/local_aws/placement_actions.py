"""EC2's actions on placement groups, which moto does not have."""

from __future__ import annotations

from typing import Any, cast

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response

from sandbox.local_aws.effective import Params
from sandbox.local_aws.errors import ec2_errors
from sandbox.local_aws.placement_groups import PlacementGroups, placement_groups


class PlacementActions(EC2Response):
    """Placement groups, and the tags on them."""

    def create_placement_group(self) -> ActionResult:
        """Not in moto."""
        tags = [
            tag
            for specification in self._get_param("TagSpecifications", [])
            for tag in specification.get("Tags", [])
        ]
        self.error_on_dryrun()
        with ec2_errors():
            group = self.groups.create(cast("Params", self.params), tags)
        return ActionResult({"PlacementGroup": group})

    def describe_placement_groups(self) -> ActionResult:
        """Not in moto."""
        names, ids = self._get_param("GroupNames", []), self._get_param("GroupIds", [])
        filters = self._filters_from_querystring()
        with ec2_errors():
            found = self.groups.find(names, ids)
        wanted = {"group-name": "group_name", "strategy": "strategy", "state": "state"}
        for name, values in filters.items():
            if name not in wanted:
                raise EC2ClientError("InvalidParameterValue", f"The filter '{name}' is invalid.")
            found = [group for group in found if getattr(group, wanted[name]) in values]
        return ActionResult({"PlacementGroups": found})

    def delete_placement_group(self) -> ActionResult:
        """Not in moto."""
        name = self._get_param("GroupName")
        self.error_on_dryrun()
        with ec2_errors():
            self.groups.delete(name, in_use=self._occupied(name))
        return EmptyResult()

    def create_tags(self) -> ActionResult:
        """As moto's; placement groups keep their own tags."""
        new: list[dict[str, str]] = self._get_param("Tags", [])
        names = {tag["Key"] for tag in new}
        for group in self._take_groups():
            group.tags = [*(tag for tag in group.tags if tag["Key"] not in names), *new]
        return super().create_tags() if self._get_param("Resources") else EmptyResult()

    def delete_tags(self) -> ActionResult:
        """As moto's; placement groups keep their own tags."""
        names = {tag["Key"] for tag in self._get_param("Tags", [])}
        for group in self._take_groups():
            group.tags = [tag for tag in group.tags if tag["Key"] not in names]
        return super().delete_tags() if self._get_param("Resources") else EmptyResult()

    @property
    def groups(self) -> PlacementGroups:
        return placement_groups(self.current_account, self.region, self.partition)

    def _take_groups(self) -> list[Any]:
        """The placement groups among the request's resources, which are taken off it."""
        ids: list[str] = self._get_param("Resources", [])
        mine = [identity for identity in ids if identity.startswith("pg-")]
        if not mine:
            return []
        self.params = {
            **cast("Params", self.params),
            "Resources": [i for i in ids if i not in mine],
        }
        with ec2_errors():
            return [self.groups.by_id(identity) for identity in mine]

    def _occupied(self, name: str) -> bool:
        return any(
            instance.placement.group_name == name and instance.state != "terminated"
            for instance in self.ec2_backend.all_instances()
        )
