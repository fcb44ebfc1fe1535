import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { IdPipe } from '../id.pipe.js';
import { CreateUserDto } from './create-user.dto.js';
import type { User } from './user.entity.js';
import { UsersService } from './users.service.js';

@Controller('users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get()
  list(): Promise<User[]> {
    return this.users.list();
  }

  @Get(':id')
  get(@Param('id', IdPipe) id: number): Promise<User> {
    return this.users.get(id);
  }

  @Post()
  create(@Body() body: CreateUserDto): Promise<User> {
    return this.users.create(body);
  }
}
